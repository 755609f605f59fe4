import * as v from "valibot";

/** An answer of a cluster or of the gateway, whatever its status. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const REQUEST_TIMEOUT_MS = 60_000;

/** `body` is sent as JSON, or as it is where it is a string (bulk lines). Rejects only where there is no answer. */
export async function request(method: string, url: string, body?: unknown): Promise<Answer> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const answer = await fetch(url, {
    method,
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    ...(text === undefined
      ? {}
      : {
          body: text,
          headers: { "content-type": typeof body === "string" ? "application/x-ndjson" : "application/json" },
        }),
  });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

/** The answer's JSON in the expected shape. Throws with the answer's own words when it is an error or has another shape. */
export function parseAnswer<Schema extends v.GenericSchema>(
  schema: Schema,
  answer: Answer,
): v.InferOutput<Schema> {
  const start = answer.text.slice(0, 500);
  if (answer.status >= 300) throw new Error(`Answered ${answer.status}: ${start}`);
  const parsed = v.safeParse(schema, JSON.parse(answer.text));
  if (!parsed.success)
    throw new Error(`An answer of an unexpected shape (${v.summarize(parsed.issues)}): ${start}`);
  return parsed.output;
}
