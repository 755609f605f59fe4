/** An object as a listing shows it. */
export interface StoredObject {
  readonly key: string;
  readonly modifiedMs: number;
}

/** Durable objects under one configured bucket: large payloads and intents. */
export interface ObjectStore {
  /** Resolves when the object is durable. */
  put(key: string, body: Buffer | string): Promise<void>;
  /** `undefined` when there is no such object. */
  get(key: string): Promise<Buffer | undefined>;
  /** Removing what is gone already is success. */
  remove(key: string): Promise<void>;
  /** In the keys' order, at most `limit`. */
  list(prefix: string, limit: number): Promise<readonly StoredObject[]>;
}
