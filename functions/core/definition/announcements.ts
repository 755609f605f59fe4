import { ClusterAnswerError } from "../cluster/json-request.ts";

/** An index that is about to be made on BACKUP. */
export interface Announcement {
  /** Another incarnation's goes for it. */
  readonly replaced: boolean;
  /** PRIMARY's began with another index's documents: a clone, a split or a shrunken one. */
  readonly resized: boolean;
  /** BACKUP has an index of that name which replication did not make, with documents of its own. */
  readonly adopted: boolean;
}
export type Announce = (announcement: Announcement) => Promise<void>;

/** Announcements of one process. */
export interface Announcements {
  /**
   * Announces what `make` is about to make. What BACKUP refuses is announced before the first attempt, not before each;
   * when it is made at last, what that announcement queued may be long done, and it is announced once more.
   */
  around<T extends { readonly kind: string }>(
    uuid: string,
    announce: () => Promise<void>,
    make: () => Promise<T>,
  ): Promise<T>;
  /** Another consumer has made it, and announced it. */
  made(uuid: string): void;
}

/** None is made yet. */
export function createAnnouncements(): Announcements {
  const refused = new Set<string>();
  return {
    async around(uuid, announce, make) {
      if (!refused.has(uuid)) await announce();
      try {
        const readiness = await make();
        if (readiness.kind === "created" && refused.delete(uuid)) await announce();
        return readiness;
      } catch (error) {
        if (error instanceof ClusterAnswerError) refused.add(uuid);
        throw error;
      }
    },
    made: (uuid) => void refused.delete(uuid),
  };
}
