import { createHmac, timingSafeEqual } from "node:crypto";
import type { ClusterName } from "../cluster/port.ts";

/** A handle that a cluster gave out: it means something to that cluster only. */
export interface Handle {
  readonly cluster: ClusterName;
  /** As the cluster wrote it. */
  readonly original: string;
}

/** Makes clients' handles of clusters' handles, and back. */
export interface Handles {
  /** What the client gets. It is ASCII, and safe in a path where the original is. */
  seal(handle: Handle): string;
  /** `undefined` for all that this gateway did not give out: foreign, altered, or of a cluster that it no longer has. */
  open(sealed: string): Handle | undefined;
}

export interface HandlesOptions {
  /** Secret; the same in all processes of one gateway. */
  readonly key: string;
  /** What tells the cluster from another that may take its place: its endpoints. */
  readonly identities: Readonly<Record<ClusterName, string>>;
}

const sealedForm = /^understudy_(primary|backup)_([\w-]{22})_(.*)$/s;

/**
 * Scroll ids, points in time, cursors and the like, wrapped as `understudy_<cluster>_<MAC>_<original>`. A cluster
 * that gets another's handle answers with errors that no client understands, and random bytes have ended a
 * node (out of memory), so no handle is forwarded that does not bear the gateway's own mark: the first 128 bits of
 * HMAC-SHA-256. But one in a search that the gateway does not read (a body in YAML, CBOR or Smile, an unknown
 * compression, the parameter `source`) goes to the cluster as it is.
 */
export function createHandles({ key, identities }: HandlesOptions): Handles {
  const mac = ({ cluster, original }: Handle): string =>
    createHmac("sha256", key)
      .update(JSON.stringify([cluster, identities[cluster], original]))
      .digest()
      .toString("base64url", 0, 16);
  return {
    seal: (handle) => `understudy_${handle.cluster}_${mac(handle)}_${handle.original}`,
    open(sealed) {
      const [, name, given = "", original] = sealedForm.exec(sealed) ?? [];
      if (original === undefined) return undefined;
      const handle: Handle = { cluster: name === "primary" ? "primary" : "backup", original };
      return timingSafeEqual(Buffer.from(given), Buffer.from(mac(handle))) ? handle : undefined;
    },
  };
}
