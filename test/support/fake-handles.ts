import { createHandles } from "../../functions/core/handle/handles.ts";

/** The handles of the read and write use-cases in tests. */
export const fakeHandles = createHandles({
  key: "a key for tests",
  identities: { primary: "p", backup: "b" },
});
