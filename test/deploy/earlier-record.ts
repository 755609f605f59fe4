import { gzipSync } from "node:zlib";
import * as v from "valibot";
import { bulkLines } from "../../functions/core/replication/bulk-lines.ts";
import { sliceOf } from "../../functions/core/replication/record.ts";
import { encodeVersion } from "../../functions/core/replication/version.ts";
import { must } from "../support/client.ts";

const settingsSchema = v.record(
  v.string(),
  v.object({
    settings: v.object({ index: v.object({ uuid: v.string(), creation_date: v.string() }) }),
  }),
);
const writtenSchema = v.looseObject({ _id: v.string(), _seq_no: v.number(), _primary_term: v.number() });

/**
 * Writes to PRIMARY, past the gateway, and makes the message that a gateway of schema 1 would have queued: a manifest
 * by row. `documents` are by id; `undefined` deletes.
 */
export async function writeAsSchema1(
  primary: string,
  index: string,
  documents: Readonly<Record<string, object | undefined>>,
): Promise<string> {
  const told = v.parse(settingsSchema, (await must(primary, { path: `/${index}/_settings` })).json());
  const { uuid = "", creation_date = "" } = told[index]?.settings.index ?? {};
  const operations = [];
  for (const [id, document] of Object.entries(documents)) {
    const path = `/${index}/_doc/${id}`;
    const call =
      document === undefined ? { method: "DELETE", path } : { method: "PUT", path, body: document };
    const { _seq_no, _primary_term } = v.parse(writtenSchema, (await must(primary, call)).json());
    const version = encodeVersion(index, 0, `${_primary_term}`, `${_seq_no}`);
    const bytes = document && sliceOf(Buffer.from(JSON.stringify(document)));
    operations.push({ id, routing: undefined, version, document: bytes });
  }
  const { manifest, body } = bulkLines(uuid, operations);
  const header = {
    schema: 1,
    writtenAtMs: Date.now(),
    body: { encoding: "gzip" },
    kind: "apply",
    index,
    uuid,
    createdMs: Number(creation_date),
    ops: manifest.map(({ id, version, bytes, deletes }) => [id, version, bytes, deletes ? 1 : 0, null]),
  };
  return `${JSON.stringify(header)}\n${gzipSync(body).toString("base64")}`;
}
