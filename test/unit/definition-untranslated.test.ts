import assert from "node:assert/strict";
import { test } from "node:test";
import { createUntranslatedList } from "../../functions/core/definition/untranslated.ts";
import { fakeTelemetry } from "../support/fake-telemetry.ts";

const a = { path: "mappings/a", reason: "because" };
const b = { path: "settings/b", reason: "because" };

test("createUntranslatedList() lists what is left out now, and tells each once", () => {
  const telemetry = fakeTelemetry();
  const list = createUntranslatedList(telemetry);
  list.replace("books", [a]);
  list.replace("books", [a]);
  list.add("books", b);
  list.replace("films", [a]);
  assert.deepEqual(list.all(), [
    { index: "books", ...a },
    { index: "books", ...b },
    { index: "films", ...a },
  ]);
  assert.equal(telemetry.counters()["untranslated"], 3);
  list.replace("books", [b]);
  list.replace("films", []);
  assert.deepEqual(list.all(), [{ index: "books", ...b }]);
  assert.equal(telemetry.counters()["untranslated"], 3);
});
