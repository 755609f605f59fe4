import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { bugs } from "../model/bugs/bugs.ts";

test("each seeded bug changes a text that stands once in the code: `npm run test:bugs` tries them", async () => {
  for (const { name, file, find, replace } of bugs) {
    const source = await readFile(file, "utf8");
    assert.equal(source.split(find).length - 1, 1, `${name}: ${file}`);
    assert.notEqual(find, replace, name);
  }
});
