import { randomBytes } from "node:crypto";

/**
 * Ids for documents whose writer left the choice to PRIMARY: 20 URL-safe characters, as Elasticsearch's
 * own. They begin with the time, so that PRIMARY's term dictionary stays as compact as with its own ids;
 * the rest is random for this process and counts on.
 */
export function createIdMaker(now: () => number): () => string {
  const seed = randomBytes(7);
  const id = Buffer.allocUnsafe(15);
  let count = randomBytes(3).readUIntBE(0, 3);
  return () => {
    count = (count + 1) & 0xffffff;
    id.writeUIntBE(Math.trunc(now()) % 2 ** 40, 0, 5);
    seed.copy(id, 5);
    id.writeUIntBE(count, 12, 3);
    return id.toString("base64url");
  };
}
