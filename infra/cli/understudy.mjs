#!/usr/bin/env node
// The command line: registers the TypeScript loader, then runs main.ts with this process's arguments.
import { register } from "tsx/esm/api";

register();
// The SDK's notice that it will need Node 22 one day is not for whoever types a command.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
const { run } = await import("./main.ts");
process.exitCode = await run(process.argv.slice(2), process.env);
