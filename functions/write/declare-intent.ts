import { type Answer, errorAnswer } from "../core/http/answer.ts";
import type { Intent, IntentWork } from "../core/intent/intents.ts";
import type { Origin } from "../core/replication/record.ts";
import { reasonOf } from "../core/runtime/telemetry.ts";
import type { WriteServices } from "./write-services.ts";

/** Whether a request may go on to PRIMARY. */
export type Declaration =
  | {
      readonly kind: "declared";
      readonly intent: Intent;
      /** Whether the sweep will find the intent. Never rejects. */
      readonly stands: Promise<boolean>;
    }
  | { readonly kind: "refused"; readonly answer: Answer };

/** Declares what a request may do; with `INTENTS=before` it is durable when this resolves, or refused. */
export async function declareIntent(
  work: IntentWork,
  origin: Origin,
  services: WriteServices,
): Promise<Declaration> {
  const intent = services.intents.declare(work, origin);
  const stands = intent.durable.then(
    () => services.intentMode !== "off",
    () => false,
  );
  if (services.intentMode !== "before") return { kind: "declared", intent, stands };
  try {
    await intent.durable;
    return { kind: "declared", intent, stands };
  } catch (error) {
    services.telemetry.error("an intent could not be stored; the request was not forwarded", {
      reason: reasonOf(error),
    });
    const reason = "the gateway cannot make the write's intent durable; nothing was written, try again";
    const answer = errorAnswer(503, "intent_unavailable_exception", reason, { retryAfterSeconds: 1 });
    return { kind: "refused", answer };
  }
}

/** PRIMARY executed a request and nothing that is durable says so: the client is told to send it again. */
export function notDurable(): Answer {
  const reason =
    "PRIMARY executed the request, but it could not be queued for BACKUP and no intent is stored; send it again";
  return errorAnswer(503, "enqueue_failed_exception", reason, { retryAfterSeconds: 1 });
}

/** Says that the queue failed, and what becomes of the work now. */
export function reportEnqueueFailure(
  error: unknown,
  what: Readonly<Record<string, unknown>>,
  intentStands: boolean,
  services: WriteServices,
): void {
  services.telemetry.count("enqueueFailures");
  services.telemetry.error("what PRIMARY may have executed could not be queued", {
    reason: reasonOf(error),
    ...what,
    recovery: recoveryOf(intentStands, services.intentMode),
  });
}

function recoveryOf(intentStands: boolean, intentMode: WriteServices["intentMode"]): string {
  if (intentStands) return "the intent stays; the sweep makes up for it";
  return intentMode === "off" ? "none: INTENTS is off" : "none: the intent could not be stored either";
}
