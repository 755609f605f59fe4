import { createHandles, type Handles } from "../handle/handles.ts";
import { lazily } from "./lazily.ts";
import { config, handleKey } from "./process.ts";

/** What makes this deployment's handles. Its key may have to be read, and may change. */
export async function clientHandles(): Promise<Handles> {
  return createHandles({ key: await handleKey()(), identities: identities() });
}

const identities = lazily(() => ({ primary: named(config().primary), backup: named(config().backup) }));

function named({ endpoints }: { readonly endpoints: readonly URL[] }): string {
  return endpoints.map(({ host, pathname }) => host + pathname).join(",");
}
