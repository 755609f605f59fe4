import { isClusterFailure } from "../core/cluster/json-request.ts";
import type { Cluster } from "../core/cluster/port.ts";
import { type Release, unsupported } from "../core/cluster/release.ts";
import { type Answer, errorAnswer } from "../core/http/answer.ts";

/**
 * The answer to any write while PRIMARY is a release that the gateway does not work with: its answers lack
 * what replication needs. Nothing when it does, or cannot say: then the write itself tells.
 */
export async function unsupportedPrimary(primary: Cluster): Promise<Answer | undefined> {
  const release = await releaseOf(primary);
  const reason = release && unsupported(primary.name, release);
  return reason === undefined ? undefined : errorAnswer(501, "unsupported_version_exception", reason);
}

async function releaseOf(primary: Cluster): Promise<Release | undefined> {
  try {
    return await primary.release();
  } catch (error) {
    if (isClusterFailure(error)) return undefined;
    throw error;
  }
}
