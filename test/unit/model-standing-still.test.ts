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

/** `false` when the consumer had no more than so many requests to send, and did not stand still. */
async function consume(story: Story, at: number, requests: number, fate: Fate): Promise<boolean> {
  const { scene, other, sent } = await createStory(story);
  const message = sent[at] ?? "";
  const still = createStandstill(scene, requests);
  let end: MessageEnd | undefined;
  void scene.replay(message, 1, ...still.ports).then(([own]) => {
    end = own;
  });
  await turn();
  const { reached } = still;
  const others = fate.shared ? sent : sent.filter((each) => each !== message);
  const later = await happen(scene, story.meanwhile);
  // Some may wait for what the one that stands still has to do.
  const waiting = await handle(scene, other, [...others, ...later, ...scene.takeSent()]);
  still.goOn(fate.requestsLeft);
  await turn();
  const again = fate.shared || end?.kind === "done" ? [] : [message];
  await drain(scene, other, [...waiting, ...scene.takeSent(), ...again]);
  const what = `record ${at}, after ${requests} requests`;
  await assertEqual(scene, other, what);
  return reached;
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
      for (const at of story.before.keys()) {
        let requests = 0;
        while (await consume(story, at, requests, fate)) requests += 1;
        assert.ok(requests > 0, `record ${at} asks nothing`);
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
