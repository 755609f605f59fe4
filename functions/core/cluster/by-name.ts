import * as v from "valibot";

/**
 * A JSON object as a map from users' names to values of a schema. `v.record` leaves out `constructor`,
 * `prototype` and `__proto__`, which are ordinary names of indices, aliases and fields.
 */
export function byName<T>(
  value: v.GenericSchema<unknown, T>,
): v.GenericSchema<unknown, ReadonlyMap<string, T>> {
  return v.pipe(
    v.custom<object>((input) => typeof input === "object" && input !== null && !Array.isArray(input)),
    v.transform((object) => Object.entries(object)),
    v.array(v.tuple([v.string(), value])),
    v.transform((entries): ReadonlyMap<string, T> => new Map(entries)),
  );
}
