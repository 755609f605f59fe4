import type { OutgoingMessage, ReceivedMessage } from "../../functions/core/queue/port.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

interface Message {
  readonly id: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  sentMs: number;
  firstReceivedMs: number | undefined;
  receives: number;
  visibleMs: number;
  receipt: string;
}

/** A standard queue: any order, at least once, visibility timeouts. */
export interface MemoryQueue {
  put(message: Pick<OutgoingMessage, "body" | "delaySeconds" | "attributes">): void;
  /** Up to ten of the visible ones, in any order. */
  receive(): readonly ReceivedMessage[];
  hide(receipt: string, seconds: number): void;
  remove(receipt: string): void;
  /** Moves all messages to another queue, as a redrive does: they are new there. */
  moveAll(to: MemoryQueue): number;
  readonly sent: number;
  readonly removed: number;
  readonly waiting: readonly string[];
  /** With the reason in the attributes of a parked one. */
  readonly parked: readonly { readonly body: string; readonly reason: string }[];
}

export interface MemoryQueueOptions {
  readonly world: World;
  readonly random: Random;
  readonly visibilitySeconds: number;
  /** Draws whether a message is handed out again although it should not be. */
  readonly duplicates: () => boolean;
  /** A message is visible now. */
  readonly onVisible: () => void;
}

export function createMemoryQueue(options: MemoryQueueOptions): MemoryQueue {
  const { world, random, visibilitySeconds, duplicates, onVisible } = options;
  const messages = new Map<string, Message>();
  let [sent, removed, receipts] = [0, 0, 0];

  function show(message: Message, atMs: number): void {
    message.visibleMs = atMs;
    world.after(atMs - world.now(), () => {
      // It may have been deleted or hidden again since.
      if (message.visibleMs !== atMs || !messages.has(message.id)) return "quiet";
      return onVisible();
    });
  }

  function find(receipt: string): Message | undefined {
    for (const message of messages.values()) if (message.receipt === receipt) return message;
    return undefined;
  }

  return {
    put({ body, delaySeconds = 0, attributes = {} }) {
      sent += 1;
      const id = `m${sent}`;
      const message: Message = {
        id,
        body,
        attributes,
        sentMs: world.now(),
        firstReceivedMs: undefined,
        receives: 0,
        visibleMs: 0,
        receipt: "",
      };
      messages.set(id, message);
      show(message, world.now() + delaySeconds * 1000 + random.whole(0, 30));
    },
    receive() {
      const visible = [...messages.values()].filter(({ visibleMs }) => visibleMs <= world.now());
      const count = Math.min(visible.length, random.whole(1, 10));
      const taken: Message[] = [];
      for (let i = 0; i < count; i++) taken.push(...visible.splice(random.whole(0, visible.length - 1), 1));
      return taken.map((message) => {
        message.receives += 1;
        message.firstReceivedMs ??= world.now();
        message.receipt = `r${++receipts}`;
        const again = duplicates() ? random.whole(0, 5000) : visibilitySeconds * 1000;
        show(message, world.now() + again);
        return receivedMessage(message);
      });
    },
    hide(receipt, seconds) {
      const message = find(receipt);
      if (message !== undefined) show(message, world.now() + seconds * 1000);
    },
    remove(receipt) {
      const message = find(receipt);
      if (message === undefined) return;
      if (duplicates()) {
        // A copy on a server that missed the deletion: it comes once more.
        show(message, world.now() + random.whole(0, 600_000));
        return;
      }
      messages.delete(message.id);
      removed += 1;
    },
    moveAll(to) {
      const moved = [...messages.values()];
      messages.clear();
      removed += moved.length;
      for (const { body, attributes } of moved) to.put({ body, attributes });
      return moved.length;
    },
    get sent() {
      return sent;
    },
    get removed() {
      return removed;
    },
    get parked() {
      return [...messages.values()].map(({ body, attributes: { reason = "" } }) => ({ body, reason }));
    },
    get waiting() {
      return [...messages.values()].map(({ body }) => body);
    },
  };
}

function receivedMessage(message: Message): ReceivedMessage {
  return {
    id: message.id,
    receiptHandle: message.receipt,
    body: message.body,
    receives: message.receives,
    sentMs: message.sentMs,
    firstReceivedMs: message.firstReceivedMs ?? 0,
    parkedAtMs: Date.parse(message.attributes["parkedAt"] ?? ""),
  };
}
