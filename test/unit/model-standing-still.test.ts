import assert from "node:assert/strict";
import { test } from "node:test";
import type { MessageEnd } from "../../functions/replay/replay-batch.ts";
import { createStandstill } from "../model/standstill.ts";
import { assertEqual, createStory, drain, handle, happen, type Story, stories } from "../model/stories.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** What becomes of a consumer that stands still before a request. */
interface Fate {
  /** So many requests more, then it dies. */
  readonly requestsLeft: number;
  /** It stands still for so long that its message is another's as well, and does not come again. */
  readonly shared: boolean;
}

interface Taken {
  /** The records of the clients' requests, or those that these lead to. */
  readonly generation: 1 | 2;
  /** Which of them the consumer takes: one, or all in one batch where there is none of that number. */
  readonly at: number;
  /** How many requests it sends before it stands still. */
  readonly requests: number;
}

/** Says whether the consumer came to stand still, and how many records there were to take. */
async function consume(story: Story, { generation, at, requests }: Taken, fate: Fate) {
  const { scene, other, sent } = await createStory(story);
  const records = generation === 1 ? sent : await handle(scene, other, sent, 1);
  const one = records[at];
  const batch = one === undefined ? records : [one];
  const still = createStandstill(scene, requests);
  let ends: readonly MessageEnd[] = [];
  void scene.replayBatch(batch, 1, ...still.ports).then((own) => {
    ends = own;
  });
  await turn();
  const { reached } = still;
  const others = fate.shared ? records : records.filter((each) => !batch.includes(each));
  const later = await happen(scene, story.meanwhile);
  // Some may wait for what the one that stands still has to do.
  const waiting = await handle(scene, other, [...others, ...later, ...scene.takeSent()]);
  still.goOn(fate.requestsLeft);
  await turn();
  const again = fate.shared ? [] : batch.filter((_, i) => ends[i]?.kind !== "done");
  await drain(scene, other, [...waiting, ...scene.takeSent(), ...again]);
  const what = `generation ${generation}, record ${at} of ${records.length}, after ${requests} requests`;
  await assertEqual(scene, other, what);
  return { reached, records: records.length };
}

const fates: Readonly<Record<string, Fate>> = {
  "stands still before": { requestsLeft: Number.POSITIVE_INFINITY, shared: false },
  "stands still for very long before": { requestsLeft: Number.POSITIVE_INFINITY, shared: true },
  "dies before": { requestsLeft: 0, shared: true },
  "stands still before, and dies after": { requestsLeft: 1, shared: false },
};

for (const story of stories) {
  for (const [name, fate] of Object.entries(fates)) {
    test(`a consumer that ${name} any of its requests, while others go on with ${story.what}`, async () => {
      for (const generation of [1, 2] as const) {
        let all = 1;
        for (let at = 0; at < all || (at === all && all > 1); at++) {
          for (let [requests, reached] = [0, true]; reached; requests++) {
            const taken = await consume(story, { generation, at, requests }, fate);
            all = taken.records;
            reached = taken.reached;
          }
        }
      }
    });
  }
}

/**
 * A writer stands still before one of the requests of the last client's, while others are through with so many of theirs.
 * @param prompt whether consumers have handled those by then.
 */
async function write(story: Story, others: number, requests: number, prompt: boolean): Promise<boolean> {
  const { scene, other, sent } = await createStory(story, story.before.slice(0, -1));
  const still = createStandstill(scene, requests);
  const written = happen(scene, story.before.slice(-1), still.ports[1]);
  await turn();
  const { reached } = still;
  const first = [...sent, ...(await happen(scene, story.meanwhile.slice(0, others)))];
  const waiting = prompt ? await handle(scene, other, first) : first;
  still.goOn();
  const own = await written;
  const rest = await happen(scene, story.meanwhile.slice(others));
  await drain(scene, other, [...waiting, ...own, ...rest]);
  const what = `${others} others' before its request ${requests}, handled ${prompt ? "at once" : "later"}`;
  await assertEqual(scene, other, what);
  return reached;
}

for (const story of stories.filter(({ before }) => !before.at(-1)?.startsWith("UNHEARD"))) {
  test(`a writer that stands still before any of its requests, while others go on with ${story.what}`, async () => {
    for (const prompt of [false, true]) {
      for (let others = 0; others <= story.meanwhile.length; others++) {
        let requests = 0;
        while (await write(story, others, requests, prompt)) requests += 1;
        assert.ok(requests > 0, "it asks nothing");
      }
    }
  });
}
