/** How large a part may become. */
export interface PartLimits {
  /** In the unit of the items' sizes. */
  readonly sizeMax: number;
  /** @default no limit */
  readonly itemsMax?: number;
}

/**
 * Splits items into as few parts as their order allows; no part is empty.
 * An item that is larger than `sizeMax` by itself becomes a part of its own.
 */
export function splitBySize<T>(
  items: readonly T[],
  sizeOf: (item: T) => number,
  { sizeMax, itemsMax = Number.POSITIVE_INFINITY }: PartLimits,
): readonly (readonly T[])[] {
  const parts: T[][] = [];
  let partSize = 0;
  for (const item of items) {
    const size = sizeOf(item);
    const last = parts.at(-1);
    if (last === undefined || last.length >= itemsMax || partSize + size > sizeMax) {
      parts.push([item]);
      partSize = size;
    } else {
      last.push(item);
      partSize += size;
    }
  }
  return parts;
}
