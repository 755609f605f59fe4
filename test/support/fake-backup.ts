import { isNewer } from "../../functions/core/replication/version.ts";
import { clusterError, type FakeAnswer, type FakeCluster, fakeCluster, textOf } from "./fake-cluster.ts";

/** One operation of a bulk as BACKUP reads it. */
export interface BackupOperation {
  readonly action: "index" | "delete";
  readonly alias: string;
  readonly id: string;
  readonly version: string;
  readonly source: string | undefined;
}

export interface FakeBackup {
  readonly cluster: FakeCluster;
  /** What it holds, by `alias/id`. */
  readonly documents: Map<string, { readonly version: string; readonly source: string }>;
  /** The operations of every bulk, in order. */
  readonly bulks: BackupOperation[][];
  /** Answers an operation instead of executing it; `undefined` executes. */
  refuse(refusal: (operation: BackupOperation) => { status: number; type: string } | undefined): void;
  /** Answers a whole bulk; `undefined` executes. */
  refuseBulk(refusal: (operations: readonly BackupOperation[]) => FakeAnswer | undefined): void;
}

/**
 * A BACKUP that executes bulks with external versions and forgets deletions at once, as after
 * `index.gc_deletes`: what keeps a document deleted must be the tombstones.
 */
export function fakeBackup(): FakeBackup {
  const documents = new Map<string, { version: string; source: string }>();
  const bulks: BackupOperation[][] = [];
  let refusal: Parameters<FakeBackup["refuse"]>[0] = () => undefined;
  let bulkRefusal: Parameters<FakeBackup["refuseBulk"]>[0] = () => undefined;

  function execute(operation: BackupOperation) {
    const refused = refusal(operation);
    if (refused !== undefined) {
      const { status, type } = refused;
      return { [operation.action]: { status, error: { type, reason: `refused ${operation.id}` } } };
    }
    const place = `${operation.alias}/${operation.id}`;
    const held = documents.get(place);
    if (held !== undefined && !isNewer(operation.version, held.version)) {
      const error = { type: "version_conflict_engine_exception", reason: "older" };
      return { [operation.action]: { status: 409, error } };
    }
    if (operation.source === undefined) documents.delete(place);
    else documents.set(place, { version: operation.version, source: operation.source });
    const gone = operation.source === undefined && held === undefined;
    return { [operation.action]: { status: gone ? 404 : 200 } };
  }

  const cluster = fakeCluster("backup", (request): FakeAnswer => {
    if (request.path === "/_mget") return { body: { docs: mget(textOf(request)) } };
    if (!request.path.endsWith("/_bulk")) return clusterError(404, "unexpected");
    const operations = operationsOf(textOf(request));
    bulks.push(operations);
    const refused = bulkRefusal(operations);
    if (refused !== undefined) return refused;
    const items = operations.map(execute);
    const errors = items.some((item) => Object.values(item).some((each) => "error" in each));
    return { body: { errors, items } };
  });

  function mget(text: string) {
    const { docs }: { docs: { _index: string; _id: string }[] } = JSON.parse(text);
    return docs.map(({ _index, _id }) => {
      const held = documents.get(`${_index}/${_id}`);
      if (held === undefined) return { _index, _id, found: false };
      return { _index, _id, found: true, _version: Number(held.version), _seq_no: 1, _primary_term: 1 };
    });
  }

  return {
    cluster,
    documents,
    bulks,
    refuse(next) {
      refusal = next;
    },
    refuseBulk(next) {
      bulkRefusal = next;
    },
  };
}

function operationsOf(text: string): BackupOperation[] {
  const operations: BackupOperation[] = [];
  const lines = text.split("\n");
  for (let at = 0; at < lines.length - 1; at++) {
    const line = JSON.parse(lines[at] ?? "");
    const action = "delete" in line ? "delete" : "index";
    const { _index, _id, version } = line[action];
    const source = action === "index" ? lines[++at] : undefined;
    operations.push({ action, alias: _index, id: _id, version, source });
  }
  return operations;
}
