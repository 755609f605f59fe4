import * as v from "valibot";
import type { ManifestEntry } from "./record.ts";

/**
 * A manifest in a header: by column, because 1,000 entries as rows cost twice the CPU and a third more bytes.
 * The first three have a place for each operation; few delete or have a routing, so those name their positions.
 */
export interface ManifestColumns {
  readonly ids: readonly string[];
  readonly versions: readonly string[];
  /** Lengths of the operations' lines. */
  readonly bytes: readonly number[];
  readonly deletes: readonly number[];
  readonly routings: readonly (readonly [position: number, routing: string])[];
}

/** Checked by hand: a schema of its own costs more than parsing the JSON. */
export const manifestColumns = v.custom<ManifestColumns>(isColumns, "not a manifest");

/** The manifest's columns, for a header. */
export function columnsOf(manifest: readonly ManifestEntry[]): ManifestColumns {
  const ids: string[] = [];
  const versions: string[] = [];
  const lengths: number[] = [];
  const deleted: number[] = [];
  const routings: [number, string][] = [];
  manifest.forEach(({ id, version, bytes, deletes, routing }, at) => {
    ids.push(id);
    versions.push(version);
    lengths.push(bytes);
    if (deletes) deleted.push(at);
    if (routing !== undefined) routings.push([at, routing]);
  });
  return { ids, versions, bytes: lengths, deletes: deleted, routings };
}

/** The manifest that a header's columns describe. */
export function manifestFrom({
  ids,
  versions,
  bytes,
  deletes,
  routings,
}: ManifestColumns): readonly ManifestEntry[] {
  const deleted = new Set(deletes);
  const routed = new Map(routings);
  return ids.map((id, at) => ({
    id,
    routing: routed.get(at),
    version: versions[at] ?? "",
    deletes: deleted.has(at),
    bytes: bytes[at] ?? 0,
  }));
}

const digits = /^\d{1,20}$/;

function isColumns(input: unknown): input is ManifestColumns {
  if (typeof input !== "object" || input === null) return false;
  const { ids, versions, bytes, deletes, routings }: { readonly [name: string]: unknown } = { ...input };
  if (!isList(ids) || !isList(versions) || !isList(bytes) || !isList(deletes) || !isList(routings)) {
    return false;
  }
  const isPosition = (at: unknown) =>
    typeof at === "number" && Number.isInteger(at) && at >= 0 && at < ids.length;
  return (
    versions.length === ids.length &&
    bytes.length === ids.length &&
    ids.every((id) => typeof id === "string") &&
    versions.every((version) => typeof version === "string" && digits.test(version)) &&
    bytes.every((length) => typeof length === "number" && length >= 0) &&
    deletes.every(isPosition) &&
    routings.every((each) => isList(each) && isPosition(each[0]) && typeof each[1] === "string")
  );
}

function isList(input: unknown): input is readonly unknown[] {
  return Array.isArray(input);
}
