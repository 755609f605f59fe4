import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { declaredBytes, GatheredBody } from "../http/gathered-body.ts";

/** The whole body, as the bytes that came. Rejects when it is cut. */
export function gatherBody(response: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const body = new GatheredBody(declaredBytes(response));
    response.on("data", (chunk: Buffer) => body.add(chunk));
    response.once("end", () => resolve(body.bytes()));
    response.once("error", reject);
    response.once("close", () => reject(new Error("the answer was cut")));
  });
}

export interface RelayOptions {
  /** How long the node may stay silent while the reader waits for more. */
  readonly silenceMsMax: number;
  /** The error that the reader sees when the body is cut, or silent for too long. */
  readonly toError: (code: "lost" | "timeout", cause: Error | undefined) => Error;
}

/** The body as it arrives, no faster than it is read. Destroying it ends the exchange. */
export function relayBody(response: IncomingMessage, { silenceMsMax, toError }: RelayOptions): Readable {
  let silence: NodeJS.Timeout | undefined;
  const body = new Readable({
    read() {
      silence?.refresh();
      response.resume();
    },
    destroy(error, done) {
      clearTimeout(silence);
      response.destroy();
      done(error);
    },
  });
  const onSilence = () => {
    if (response.isPaused()) silence?.refresh();
    else body.destroy(toError("timeout", undefined));
  };
  if (Number.isFinite(silenceMsMax)) silence = setTimeout(onSilence, silenceMsMax);
  response.pause();
  response.on("data", (chunk: Buffer) => {
    silence?.refresh();
    if (!body.push(chunk)) response.pause();
  });
  response.once("end", () => {
    clearTimeout(silence);
    body.push(null);
  });
  response.on("error", (cause) => body.destroy(toError("lost", cause)));
  return body;
}
