// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are pieces of source text
/** One seeded bug: a guarantee taken out of the code by an exact replacement. */
export interface Bug {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** Each must be caught by the simulation or by the exhaustive cases; `npm run test:bugs` shows which seed does. */
export const bugs: readonly Bug[] = [
  {
    name: "drop the version",
    file: "functions/core/replication/bulk-lines.ts",
    find: 'const versioned = `"_index":${target},"version_type":"external","version":`;',
    replace: 'const versioned = `"_index":${target},"dropped":`;',
  },
  {
    name: "skip the tombstone",
    file: "functions/replay/apply-operations.ts",
    find: "if (deletions.length === 0) return placed;",
    replace: "if (deletions.length >= 0) return placed;",
  },
  {
    name: "never look for tombstones",
    file: "functions/replay/apply-operations.ts",
    find: "if (written.length === 0) return [];",
    replace: "if (written.length >= 0) return [];",
  },
  {
    name: "look for tombstones only after an own write, not after a conflict",
    file: "functions/replay/apply-operations.ts",
    find: 'return kind === "applied" || kind === "superseded";',
    replace: 'return kind === "applied";',
  },
  {
    name: "a late record below its shard's horizon is taken at its word",
    file: "functions/replay/apply-operations.ts",
    find: "!operation.readNow || tookMs > readNowMs",
    replace: "tookMs < 0",
  },
  {
    name: "a whole-index reconcile writes no horizons",
    file: "functions/replay/reconcile-index.ts",
    find: "if (record.cursor === undefined) {",
    replace: "if (record.cursor === null) {",
  },
  {
    name: "look for tombstones before the write",
    file: "functions/replay/apply-operations.ts",
    find: "  const sendable = await writeTombstones(newest, services, dispositions);\n",
    replace:
      '  await deleteWhatIsBuried(newest.filter(({ operation }) => !operation.entry.deletes), services, dispositions);\n  for (const { at } of newest) dispositions[at] = { kind: "superseded" };\n  const sendable = await writeTombstones(newest, services, dispositions);\n  if (sendable.length > 0) {\n    const sent = await sendToBackup(services.backup, sendable.map(({ operation }) => operation.lines));\n    for (const [i, { at }] of sendable.entries()) dispositions[at] = sent[i] ?? { kind: "superseded" };\n    return dispositions;\n  }\n',
  },
  {
    name: "delete first, tombstone after",
    file: "functions/replay/apply-operations.ts",
    find: "  if (deletions.length === 0) return placed;\n",
    replace:
      '  if (deletions.length === 0) return placed;\n  const early = await sendToBackup(services.backup, deletions.map(({ operation }) => operation.lines));\n  for (const [i, { at }] of deletions.entries()) dispositions[at] = early[i] ?? { kind: "superseded" };\n  placed = placed.filter(({ operation }) => !operation.entry.deletes);\n',
  },
  {
    name: "send the deletion although its tombstone is not durable",
    file: "functions/replay/apply-operations.ts",
    find: "  for (const { at } of deletions) dispositions[at] = failure;\n  return placed.filter(({ operation }) => !operation.entry.deletes);",
    replace: "  return placed;",
  },
  {
    name: "keep the oldest operation of a batch",
    file: "functions/replay/apply-operations.ts",
    find: "isNewer(entry.version, before.operation.entry.version)",
    replace: "isNewer(before.operation.entry.version, entry.version)",
  },
  {
    name: "keep the last operation of a batch, whatever its version",
    file: "functions/replay/apply-operations.ts",
    find: "before === undefined || isNewer(entry.version, before.operation.entry.version)",
    replace: "before === undefined || before !== undefined",
  },
  {
    name: "one document for all routings in a batch",
    file: "functions/replay/apply-operations.ts",
    find: "${incarnation.uuid}/${routing.length}/${routing}/${id}",
    replace: "${incarnation.uuid}/${routing.length * 0}/${id}",
  },
  {
    name: "tombstones forget the shard",
    file: "functions/core/tombstone/tombstones.ts",
    find: "const plain = `${uuid}/${shard}/${id}`;",
    replace: "const plain = `${uuid}/${shard * 0}/${id}`;",
  },
  {
    name: "tombstones are kept without their version's order",
    file: "functions/core/tombstone/tombstones.ts",
    find: '"version":"${version}","version_type":"external"}}\\n',
    replace: '"routing":"x"}}\\n',
  },
  {
    name: "every record is fresh",
    file: "functions/replay/message.ts",
    find: "return receives !== 1 || !steady || ageMs > freshMs;",
    replace: "return receives < 0 && !steady && ageMs > freshMs;",
  },
  {
    name: "a retry is a success",
    file: "functions/replay/finish-record.ts",
    find: 'return { kind: "retry", reason: retry.reason, ...(requestId !== undefined && { requestId }) };',
    replace: 'return { kind: "done" };',
  },
  {
    name: "a refused operation is dropped, not parked",
    file: "functions/replay/finish-record.ts",
    find: 'if (disposition.kind !== "park" && disposition.kind !== "retry") return [];',
    replace: 'if (disposition.kind !== "park" || disposition.kind === "park") return [];',
  },
  {
    name: "a lost payload is a success",
    file: "functions/replay/replay-chunk.ts",
    find: "    if (!(error instanceof PayloadLost)) throw error;\n",
    replace:
      '    if (!(error instanceof PayloadLost)) throw error;\n    if (error.message !== "") return { kind: "operations", operations: [] };\n',
  },
  {
    name: "an altered payload is not noticed",
    file: "functions/core/replication/envelope.ts",
    find: "!matches(stored, payload.checksum)",
    replace: 'payload.checksum === ""',
  },
  {
    name: "a bulk that BACKUP refuses as a whole for now is done",
    file: "functions/replay/backup-bulk.ts",
    find: '  return all({ kind: "retry", reason: why });\n',
    replace: '  return all({ kind: "superseded" });\n',
  },
  {
    name: "an item that is refused for now counts as applied",
    file: "functions/core/replication/disposition.ts",
    find: 'if (status === 429 || status >= 500 || status === 401 || status === 403) return { kind: "retry", reason };',
    replace:
      'if (status === 429 || status >= 500 || status === 401 || status === 403) return { kind: "applied" };',
  },
  {
    name: "forget the intent",
    file: "functions/core/intent/intents.ts",
    find: "const durable = objects.put(",
    replace: 'const durable = objects.put(`forgotten/${prefix}`, ""); void ((...lost: unknown[]) => lost)(',
  },
  {
    name: "take the intent away before PRIMARY is asked",
    file: "functions/write/replicated-write.ts",
    find: "  const { intent, stands } = declared;\n",
    replace: "  const { intent, stands } = declared;\n  intent.withdraw();\n",
  },
  {
    name: "an unknown outcome is nothing",
    file: "functions/write/replicated-write.ts",
    find: "if (error.outcomeUnknown) await enqueueUnknown(write, following);\n  else following.intent.withdraw();",
    replace: "following.intent.withdraw();",
  },
  {
    name: "a sweep takes the intent without queueing its records",
    file: "functions/reconcile/sweep-intents.ts",
    find: "    await queueFollowUp(intent, asking);\n",
    replace: "    void queueFollowUp;\n",
  },
  {
    name: "trust `_version`",
    file: "functions/write/accepted-writes.ts",
    find: "services.epoch, outcome.primaryTerm, outcome.seqNo)",
    replace: 'services.epoch, "1", outcome.version ?? "0")',
  },
  {
    name: "ignore the primary term",
    file: "functions/core/replication/version.ts",
    find: "(wideEpoch << (termBits + sequenceBits)) | (term << sequenceBits)",
    replace: "(wideEpoch << (termBits + sequenceBits)) | ((term * 0n) << sequenceBits)",
  },
  {
    name: "ignore the UUID",
    file: "functions/core/replication/incarnation.ts",
    find: "return `understudy-I-${uuid}`;",
    replace: 'return `understudy-I-${uuid.replace(/./g, "u")}`;',
  },
  {
    name: "take an item of the answer for one like the item before, whatever it says",
    file: "functions/core/bulk/template.ts",
    find: "if (json[at] !== json[at + shift]) return -1;",
    replace: "if (json[at] === undefined) return -1;",
  },
  {
    name: "replicate what PRIMARY refused as a deletion",
    file: "functions/core/bulk/read-answer.ts",
    find: "if (this.#error.start !== 0) return rejected(answer, this.#error, this.#status);\n",
    replace:
      'if (this.#error.start !== 0 && expectedId !== undefined) return { kind: "written", result: "delete", index: "books", id: expectedId, seqNo: "999", primaryTerm: "1", source: undefined };\n    if (this.#error.start !== 0) return rejected(answer, this.#error, this.#status);\n',
  },
  {
    name: "forget the routing",
    file: "functions/write/accepted-writes.ts",
    find: "    const { id, routing } = key;\n",
    replace: "    const { id } = key;\n    const routing = undefined;\n",
  },
  {
    name: "an absent document is deleted at the highest version there is",
    file: "functions/core/truth/settled-progress.ts",
    find: "encodeVersion(index, epoch, String(term), String(checkpoint));",
    replace: 'encodeVersion(index, epoch, String(term + 1), "0");',
  },
  {
    name: "what a fail-over can still lose is taken for PRIMARY's truth",
    file: "functions/core/truth/settled-progress.ts",
    find: "if (highest.size === 0) return;",
    replace: "if (highest.size >= 0) return;",
  },
  {
    name: "an absent document is left alone",
    file: "functions/core/truth/settled-progress.ts",
    find: "return checkpoint < 0 ? undefined :",
    replace: "return checkpoint < Number.POSITIVE_INFINITY ? undefined :",
  },
  {
    name: "pipelines are not noticed",
    file: "functions/write/accepted-writes.ts",
    find: "(changed && isIndexed(each.outcome));",
    replace: "(changed && isIndexed(each.outcome) && each.key.id.length < 0);",
  },
  {
    name: "BACKUP's index is made again without what it held",
    file: "functions/replay/ensure-incarnation.ts",
    find: "    await sendWork([wholeIndexRecord(incarnation.index, reason, services.now())], services, healDelaySeconds);\n",
    replace: "    void [sendWork, wholeIndexRecord, reason, healDelaySeconds];\n",
  },
  {
    name: "the whole-index reconcile reads only its first side",
    file: "functions/replay/reconcile-index.ts",
    find: 'return cursor.side === "primary" ? { side: "backup", shard: 0, afterSeqNo: "-1" } : undefined;',
    replace: "return undefined;",
  },
  {
    name: "the sweep trusts its own clock, not the store's",
    file: "functions/reconcile/sweep-intents.ts",
    find: "const storeMs = await storeClock(objects, intentPrefix);",
    replace: "const storeMs = now();\n  void storeClock;",
  },
  {
    name: "the sweep takes intents of any age",
    file: "functions/reconcile/sweep-intents.ts",
    find: "storeMs - modifiedMs >= intentAgeMs",
    replace: "storeMs - modifiedMs >= intentAgeMs * 0",
  },
  {
    name: "what a failed neighbour superseded is done",
    file: "functions/replay/replay-chunk.ts",
    find: "const dispositions = retryTogether(operations, settled);",
    replace: "const dispositions = settled;\n  void retryTogether;",
  },
  {
    name: "documents that PRIMARY does not have are left below the horizon",
    file: "functions/replay/below-horizon.ts",
    find: 'documents[i]?.kind === "missing");',
    replace: 'documents[i]?.kind === "no-index");',
  },
  {
    name: "an absence is proven while operations are under way",
    file: "functions/core/truth/settled-progress.ts",
    find: "  return progressPast(index, begun, first, services);\n",
    replace: "  void begun;\n  return first;\n",
  },
  {
    name: "a fail-over during a look at PRIMARY is not noticed",
    file: "functions/core/truth/absence.ts",
    find: "every(([shard, term]) => after.terms[shard] === term)",
    replace: "every(([shard, term]) => after.terms[shard] !== undefined && term > 0)",
  },
  {
    name: "a write reads back what a fail-over can still lose",
    file: "functions/write/stored-operations.ts",
    find: "allOwn ? isOwn : await readLasting(index, services.primary)",
    replace: "allOwn ? isOwn : (await readLasting(index, services.primary), () => true)",
  },
  {
    name: "an outcome of an index's former life is given to its present one",
    file: "functions/write/sightings.ts",
    find: "return seen < begun || createdMs < receivedMs - clockSkewMs;",
    replace: "return seen > 0 || createdMs < receivedMs - clockSkewMs - begun;",
  },
  {
    name: "an update does not keep its document's routing",
    file: "functions/write/accepted-writes.ts",
    find: "const keepsRouting = answered.some(isUpdated) &&",
    replace: "const keepsRouting = answered.length < 0 &&",
  },
  {
    name: "a consumer that stood still deletes what another one made anew, and nothing follows",
    file: "functions/core/definition/incarnations.ts",
    find: 'if (deletion === "deleted") await announce?.(',
    replace: 'if (deletion === "absent" && uuid === "") await announce?.(',
  },
  {
    name: "an index that PRIMARY deleted meanwhile is made on BACKUP and stays",
    file: "functions/core/definition/incarnations.ts",
    find: 'if (still?.settings["index.uuid"] === uuid) return readiness;',
    replace: "if (still === undefined || still) return readiness;",
  },
  {
    name: "a mapping that has grown is not copied",
    file: "functions/core/definition/incarnations.ts",
    find: 'return typeof known === "number" && typeof needed === "number" ? known >= needed : known === needed;',
    replace: "return known !== undefined && needed !== undefined;",
  },
  {
    name: "a refused mapping is not copied once more",
    file: "functions/replay/second-chance.ts",
    find: "    await copyDefinitions(misfits, services);\n",
    replace: "    void copyDefinitions;\n",
  },
  {
    name: "tombstones of other months are not looked at",
    file: "functions/core/tombstone/tombstones.ts",
    find: "const names = new Set([tombstoneIndex(toMs)]);",
    replace: "const names = new Set([tombstoneIndex(toMs)]);\n  if (names.size > 0) return [...names];",
  },
  {
    name: "of two months' tombstones the last one read counts",
    file: "functions/core/tombstone/tombstones.ts",
    find: "if (before === undefined || isNewer(_source.version, before)) found.set",
    replace: "if (before !== _source.version) found.set",
  },
  {
    name: "a side index is quiet whenever it was quiet before",
    file: "functions/core/tombstone/quiet-index.ts",
    find: "return before.atMs < sinceMs;",
    replace: "return before.atMs > 0 || before.atMs < sinceMs;",
  },
  {
    name: "BACKUP's index is opened and not reconciled",
    file: "functions/replay/level-openness.ts",
    find: "  await sendWork([reconcile], services, openedForSeconds);\n",
    replace: "  void [reconcile, sendWork];\n",
  },
  {
    name: "openness is not levelled",
    file: "functions/replay/define-indices.ts",
    find: "await attempt(() => levelOpenness(level, services));",
    replace: "void levelOpenness;",
  },
  {
    name: "a record that comes to a closed index waits for it",
    file: "functions/replay/second-chance.ts",
    find: "for (const index of names) await openOnBackup(index, services);",
    replace: "void [names, services, openOnBackup];",
  },
  {
    name: "a deletion by query is not followed up",
    file: "functions/core/intent/follow-up.ts",
    find: "const indices = await namedIndices(primary, work.pattern);",
    replace: 'const indices = (await namedIndices(primary, work.pattern)).filter((name) => name === "");',
  },
  {
    name: "a whole-index reconcile takes BACKUP's definition as it is",
    file: "functions/replay/reconcile-index.ts",
    find: "if (record.cursor === undefined) services.incarnations.forget(state.incarnation.uuid);",
    replace: "void services.incarnations;",
  },
  {
    name: "openness is levelled once, whatever PRIMARY did meanwhile",
    file: "functions/replay/level-openness.ts",
    find: "if (different.length === 0) return onPrimary;",
    replace: "if (different.length === 0 || rounds > 0) return onPrimary;",
  },
  {
    name: "what was put on BACKUP is not looked at again",
    file: "functions/core/definition/put-until-still.ts",
    find: "if (JSON.stringify(now) === JSON.stringify(seen)) return;",
    replace: "if (now !== undefined || seen === undefined) return;",
  },
  {
    name: "aliases are not levelled",
    file: "functions/core/definition/level-aliases.ts",
    find: "if (aliases.size === 0) return;",
    replace: "if (aliases.size >= 0) return;",
  },
  {
    name: "settings are not levelled",
    file: "functions/replay/define-indices.ts",
    find: "await levelSettings(name, onPrimary.get(name), services);",
    replace: "void levelSettings;",
  },
  {
    name: "a deletion by query in an index that was closed since is not followed up",
    file: "functions/core/intent/named-indices.ts",
    find: "return [...new Set([...named.keys(), ...",
    replace:
      'return [...new Set([...[...named].filter(([, state]) => state === "open").map(([name]) => name), ...',
  },
  {
    name: "documents of an index that was closed a moment ago are never read",
    file: "functions/replay/truth-of.ts",
    find: 'levelled.get(index) !== "closed"',
    replace: '!closed.has(index) && levelled.get(index) !== "closed"',
  },
  {
    name: "a by-query write is followed up where its alias leads afterwards only",
    file: "functions/core/intent/named-indices.ts",
    find: 'part === "*" || part === "_all"',
    replace: "part !== undefined",
  },
];
