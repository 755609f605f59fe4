import type { PrimaryCatalog } from "../core/definition/primary-catalog.ts";
import type { Incarnation } from "../core/replication/incarnation.ts";

/** An index this much older than the request is the one that was written, however far two clocks differ. */
const clockSkewMs = 15 * 60_000;

/** Whether PRIMARY's answer to one request is certain to be no older than an incarnation seen after it. */
export type IsCertain = (incarnation: Incarnation) => boolean;

interface Sightings {
  /** Counts beginnings and sightings: their order is all that matters. */
  tick: number;
  readonly firstSeen: Map<string, number>;
}

const sightings = new WeakMap<PrimaryCatalog, Sightings>();

/**
 * To be called before PRIMARY is asked. Who an index is can be read only after the answer, where nobody knew
 * before; and it may have been recreated in between. An outcome of the predecessor under the successor's
 * name would have a version that nothing on PRIMARY can reach. The other way round is harmless: records of
 * an incarnation that is gone are dropped.
 */
export function beginRequest(catalog: PrimaryCatalog, receivedMs: number): IsCertain {
  const known = sightings.get(catalog) ?? { tick: 0, firstSeen: new Map<string, number>() };
  sightings.set(catalog, known);
  const begun = ++known.tick;
  return ({ uuid, createdMs }) => {
    const seen = known.firstSeen.get(uuid) ?? ++known.tick;
    known.firstSeen.set(uuid, seen);
    return seen < begun || createdMs < receivedMs - clockSkewMs;
  };
}
