import type { ClusterName } from "../core/cluster/port.ts";
import { givesAny, type HandleUse, mayGive } from "../core/handle/handle-use.ts";
import type { Handles } from "../core/handle/handles.ts";
import { freedTogether, missingHandle } from "../core/handle/missing-handle.ts";
import { openHandles } from "../core/handle/open-handles.ts";
import { compressed, readable } from "../core/handle/readable-answer.ts";
import { sealHandles } from "../core/handle/seal-handles.ts";
import type { Answer } from "../core/http/answer.ts";
import type { GatewayRequest } from "../core/http/request.ts";
import { askBackup } from "./ask-backup.ts";
import { askPrimary } from "./ask-primary.ts";
import { firstAvailable } from "./first-available.ts";
import type { ReadAnswer } from "./first-part.ts";
import type { SearchServices } from "./search-services.ts";

/** One read of the kind. */
interface Reading {
  readonly use: HandleUse;
  readonly services: SearchServices;
}

/**
 * A read at an endpoint that makes, takes or gives back handles. One that carries none may be answered by any
 * cluster. One that does goes to the cluster that gave it; where that is unavailable the client hears what it
 * hears when a context has expired, and begins again on the other.
 */
export async function readWithHandles(
  request: GatewayRequest,
  use: HandleUse,
  services: SearchServices,
): Promise<ReadAnswer> {
  const opened = await openHandles(request, use, services.handles, services.bodyBytesMax);
  switch (opened.kind) {
    case "refused":
      return opened.answer;
    case "missing":
      return missingHandle(use);
    case "bound":
      return readBound(request, opened.parts, { use, services });
    case "free": {
      if (!mayGive(use, request)) return (await firstAvailable(request, true, services)).answer;
      const handles = await services.handles();
      const { answer, by } = await firstAvailable(readable(request), true, services);
      return by === undefined ? answer : compressed(sealed(answer, by, use, handles), request);
    }
  }
}

async function readBound(
  request: GatewayRequest,
  parts: ReadonlyMap<ClusterName, GatewayRequest>,
  reading: Reading,
): Promise<ReadAnswer> {
  const isRead = givesAny(reading.use) || parts.size > 1;
  const answers = await Promise.all(
    [...parts].map(([by, part]) => readPart(by, isRead ? readable(part) : part, reading)),
  );
  const answer = together(answers);
  return isRead ? compressed(answer, request) : answer;
}

function together(answers: readonly ReadAnswer[]): ReadAnswer {
  const [only, ...others] = answers;
  if (only !== undefined && others.length === 0) return only;
  const failed = answers.find(({ status }) => status >= 400 && status !== 404);
  return failed ?? freedTogether(answers.filter(isWhole));
}

/** No other cluster can answer, so PRIMARY is asked even where it failed a moment ago. */
async function readPart(by: ClusterName, part: GatewayRequest, reading: Reading): Promise<ReadAnswer> {
  const { use, services } = reading;
  const asked = by === "primary" ? await askPrimary(part, false, services) : await askBackup(part, services);
  switch (asked.kind) {
    case "unavailable":
      return missingHandle(use);
    case "limited":
      return asked.answer;
    case "answered":
      return givesAny(use) ? sealed(asked.answer, by, use, await services.handles()) : asked.answer;
  }
}

function sealed(answer: ReadAnswer, cluster: ClusterName, use: HandleUse, handles: Handles): ReadAnswer {
  return sealHandles(answer, use, (original) => handles.seal({ cluster, original }));
}

function isWhole(answer: ReadAnswer): answer is Answer {
  return Buffer.isBuffer(answer.body);
}
