import { fileURLToPath } from "node:url";
import { App } from "aws-cdk-lib";
import { type Entries, GatewayStack } from "./gateway-stack.ts";
import { readSettings } from "./settings.ts";

const entryOf = (name: keyof Entries): string =>
  fileURLToPath(new URL(`../functions/${name}/handler.ts`, import.meta.url));

const app = new App();
const settings = readSettings({
  environment: process.env,
  context: (name) => app.node.tryGetContext(name),
  contextNames: Object.keys(app.node.getAllContext()),
});

new GatewayStack(app, "Understudy", {
  stackName: settings.stackName,
  description: "understudy: one HTTP endpoint in front of two search clusters",
  settings,
  entries: {
    write: entryOf("write"),
    search: entryOf("search"),
    replay: entryOf("replay"),
    reconcile: entryOf("reconcile"),
    redrive: entryOf("redrive"),
  },
});
