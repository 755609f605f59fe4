import type { IncomingMessage } from "node:http";
import { declaredBytes, GatheredBody } from "../../functions/core/http/gathered-body.ts";

export type BodyRead =
  | { readonly kind: "complete"; readonly body: Buffer | undefined }
  /** More than the limit came; the rest has not been read. */
  | { readonly kind: "tooLong" }
  /** The client went away, or sent what is not HTTP, before the body was complete. */
  | { readonly kind: "aborted" };

/** Whether the request has a body at all, by its framing. */
export function hasBody(request: IncomingMessage): boolean {
  const declared = request.headers["content-length"];
  return request.headers["transfer-encoding"] !== undefined || (declared !== undefined && declared !== "0");
}

/** Whether the declared length alone is over the limit, so that not one byte of it needs to be read. */
export function declaresTooMuch(request: IncomingMessage, bodyBytesMax: number): boolean {
  return (declaredBytes(request) ?? 0) > bodyBytesMax;
}

/**
 * Reads the body into one buffer of at most `bodyBytesMax` bytes. A declared length is allocated at once (the
 * pages are only taken as they fill); without one the pieces are joined at the end. Never rejects.
 */
export function readBody(request: IncomingMessage, bodyBytesMax: number): Promise<BodyRead> {
  if (!hasBody(request)) return Promise.resolve({ kind: "complete", body: undefined });
  if (declaresTooMuch(request, bodyBytesMax)) return Promise.resolve({ kind: "tooLong" });
  const body = new GatheredBody(declaredBytes(request));
  return new Promise((resolve) => {
    const settle = (read: BodyRead) => {
      request.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onClose);
      request.pause();
      resolve(read);
    };
    const onData = (piece: Buffer) => {
      if (body.length + piece.length > bodyBytesMax) return settle({ kind: "tooLong" });
      body.add(piece);
    };
    const onEnd = () => {
      settle({ kind: "complete", body: body.length === 0 ? undefined : body.bytes() });
    };
    const onClose = () => settle({ kind: "aborted" });
    request.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onClose);
  });
}

/**
 * Reads and forgets what the client still sends, up to a limit of bytes and of milliseconds. Closing a socket
 * with unread bytes resets it, and a reset can overtake the answer that the client was to read.
 */
export function drain(request: IncomingMessage, bytesMax: number, timeoutMs: number): Promise<void> {
  if (request.readableEnded || request.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    let length = 0;
    const stop = () => {
      clearTimeout(timer);
      request.off("data", onData).off("end", stop).off("close", stop);
      resolve();
    };
    const onData = (piece: Buffer) => {
      length += piece.length;
      if (length > bytesMax) stop();
    };
    const timer = setTimeout(stop, timeoutMs);
    request.on("data", onData).on("end", stop).on("close", stop).on("error", stop);
    request.resume();
  });
}
