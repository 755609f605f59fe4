/** What YAML and JSON are made of, as far as nobody knows more. */
export type Fields = Readonly<Record<string, unknown>>;

/** The members of an object; none of anything else. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** The elements of an array; a single value is an array of one, nothing is none. */
export function elementsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? [] : [value];
}

/** The one member of an object, as every step and assertion of a suite has it. */
export function onlyMember(value: unknown): readonly [string, unknown] {
  const [first] = Object.entries(fieldsOf(value));
  return first ?? [String(value), undefined];
}

/** Whether both are the same data; a number equals its digits as text. */
export function equal(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((element, i) => equal(element, right[i]));
  }
  if (isObject(left) && isObject(right)) {
    const [mine, theirs] = [fieldsOf(left), fieldsOf(right)];
    const names = Object.keys(mine);
    return names.length === Object.keys(theirs).length && names.every((n) => equal(mine[n], theirs[n]));
  }
  if (isObject(left) || isObject(right)) return false;
  return String(left ?? null) === String(right ?? null);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}
