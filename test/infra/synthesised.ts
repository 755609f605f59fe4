import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { App, Validations } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { AwsSolutionsChecks } from "cdk-nag";
import { GatewayStack, type GatewayStackProps } from "../../infra/gateway-stack.ts";
import { readSettings } from "../../infra/settings.ts";

/** The least that must be set. */
export const MINIMUM = {
  PRIMARY_ENDPOINT: "https://primary.example:9200",
  BACKUP_ENDPOINT: "https://backup.example:9200",
};

const stub = fileURLToPath(new URL("stub-handler.ts", import.meta.url));
const cdkJson: { context: Record<string, unknown> } = JSON.parse(
  readFileSync(new URL("../../cdk.json", import.meta.url), "utf8"),
);

/** The template for these settings, under `cdk.json`'s feature flags; bundles only when `bundle` is set, throws on a broken rule of AwsSolutions when `rules` is. */
export function synthesise(
  environment: Readonly<Record<string, string>> = {},
  options: { props?: Partial<GatewayStackProps>; bundle?: boolean; outdir?: string; rules?: boolean } = {},
): Template {
  const outdir = options.outdir ?? mkdtempSync(join(tmpdir(), "understudy-synth-"));
  try {
    const app = new App({
      outdir,
      context: { ...cdkJson.context, ...(options.bundle ? {} : { "aws:cdk:bundling-stacks": [] }) },
    });
    const settings = readSettings({
      environment: { ...MINIMUM, ...environment },
      context: () => undefined,
    });
    const stack = new GatewayStack(app, "Understudy", {
      stackName: settings.stackName,
      settings,
      entries: { write: stub, search: stub, replay: stub, reconcile: stub, redrive: stub },
      ...options.props,
    });
    if (options.rules) Validations.of(app).addPlugins(new AwsSolutionsChecks());
    return Template.fromStack(stack);
  } finally {
    if (options.outdir === undefined) rmSync(outdir, { recursive: true, force: true });
  }
}
