/** How long a secret is used before it is read again, and how often a refusal may have it read again. */
const freshMs = 300_000;
const renewEveryMs = 60_000;

/** A secret that may change while the process runs. */
export interface HeldSecret<T> {
  /**
   * The value: read at the first call. When it is 5 minutes old it is read again, and nobody waits for that: the old
   * value is given meanwhile, and stays where reading fails.
   * @throws as long as there is no value at all; `warn` hears what `read` or `parse` threw.
   */
  get(): Promise<T>;
  /** The last value, however old; `undefined` before the first. */
  latest(): T | undefined;
  /**
   * Somebody refused `refused`. Whether there is another value now: the secret is read again at once, at most
   * once a minute. Never throws.
   */
  renew(refused: T): Promise<boolean>;
}

/**
 * Holds what `read` gives, parsed. `now` is in milliseconds; `warn` hears of a read
 * that failed.
 */
export function createHeldSecret<T>(
  read: () => Promise<string>,
  parse: (text: string) => T,
  now: () => number,
  warn: (error: unknown) => void,
): HeldSecret<T> {
  let held: { readonly text: string; readonly value: T } | undefined;
  let readAtMs = Number.NEGATIVE_INFINITY;
  let renewedAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<T> | undefined;

  async function readNow(): Promise<T> {
    try {
      const text = await read();
      // The same text keeps the same value: callers tell values apart by identity.
      if (held?.text !== text) held = { text, value: parse(text) };
    } catch (error) {
      warn(error);
      // A client may get to see this one: no ARN, no account, no words of Secrets Manager.
      if (held === undefined)
        throw new Error("the service's own credentials cannot be read; its log says why");
    }
    readAtMs = now();
    return held.value;
  }
  const readOnce = (): Promise<T> => {
    reading ??= readNow().finally(() => {
      reading = undefined;
    });
    return reading;
  };
  return {
    async get() {
      if (held === undefined) return readOnce();
      if (now() - readAtMs >= freshMs) readOnce().catch(() => undefined);
      return held.value;
    },
    latest: () => held?.value,
    async renew(refused) {
      if (held?.value === refused && now() - renewedAtMs >= renewEveryMs) {
        renewedAtMs = now();
        await readOnce().catch(() => undefined);
      } else if (reading !== undefined) {
        await reading.catch(() => undefined);
      }
      return held !== undefined && held.value !== refused;
    },
  };
}
