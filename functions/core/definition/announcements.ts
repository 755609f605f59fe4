import { isClusterFailure } from "../cluster/json-request.ts";

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
   * Announces what `make` is about to make: before the first attempt, and, where that fails, once more when it is made at
   * last. Not before each attempt: BACKUP may refuse it for days.
   */
  around<T extends { readonly kind: string }>(
    uuid: string,
    announcement: Announcement,
    announce: Announce,
    make: () => Promise<T>,
  ): Promise<T>;
  /** It is made, by a request whose answer was lost or by another consumer: what failed here is announced once more. */
  made(uuid: string, announce: Announce): Promise<void>;
}

/** None is made yet. */
export function createAnnouncements(): Announcements {
  /** What failed to be made: what its announcement queued may be done by the time that it is. */
  const owed = new Map<string, Announcement>();

  async function made(uuid: string, announce: Announce): Promise<void> {
    const announcement = owed.get(uuid);
    if (announcement === undefined) return;
    await announce(announcement);
    owed.delete(uuid);
  }

  return {
    async around(uuid, announcement, announce, make) {
      if (!owed.has(uuid)) await announce(announcement);
      const readiness = await make().catch((error: unknown) => {
        if (isClusterFailure(error)) owed.set(uuid, announcement);
        throw error;
      });
      if (readiness.kind === "created") await made(uuid, announce);
      return readiness;
    },
    made,
  };
}
