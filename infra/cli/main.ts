import { ClusterAnswerError } from "../../functions/core/cluster/json-request.ts";
import { ClusterError } from "../../functions/core/cluster/port.ts";
import { ConfigError, type Environment } from "../../functions/core/runtime/config.ts";
import { type Options, readArguments } from "./arguments.ts";
import { CannotTell, type ExitCode } from "./cannot-tell.ts";
import type { ReachedQueue } from "./reach-queue.ts";
import { createTerminal, type Terminal } from "./terminal.ts";
import type { CommandName } from "./usage.ts";

/**
 * The command line: reads the arguments, runs one command, says what came of it.
 * @returns the exit code. Never throws for what a person can mend; a defect throws with its stack.
 */
export async function run(words: readonly string[], environment: Environment): Promise<ExitCode> {
  const invocation = readArguments(words);
  if (invocation.kind === "help") {
    process.stdout.write(invocation.text);
    return 0;
  }
  if (invocation.kind === "refused") {
    process.stderr.write(`understudy: ${invocation.problem}\n\n${invocation.text}`);
    return 2;
  }
  const { command, options } = invocation;
  const terminal = createTerminal(options);
  try {
    return await runCommand(command, options, environment, terminal);
  } catch (error) {
    const message = mendable(error);
    if (message === undefined) throw error;
    process.stderr.write(`understudy: ${message}\n`);
    if (options["json"] === true) terminal.result("", { error: message });
    return 2;
  }
}

/** Each command's code is loaded when it runs: a help text does not wait for the AWS SDK. */
async function runCommand(
  command: CommandName,
  options: Options,
  environment: Environment,
  terminal: Terminal,
): Promise<ExitCode> {
  switch (command) {
    case "status": {
      const { showStatus } = await import("./show-status.ts");
      return withSdk(() => showStatus(options, environment, terminal), "the stack");
    }
    case "verify": {
      const { verify } = await import("./verify.ts");
      return verify(options, environment, terminal);
    }
    case "seed": {
      const { seed } = await import("./seed.ts");
      return withQueue(options, environment, (queue) => seed(queue, options, environment, terminal));
    }
    case "dead-letters list": {
      const { listDeadLetters } = await import("./dead-letters.ts");
      return withQueue(options, environment, (queue) => listDeadLetters(queue, options, terminal));
    }
    case "dead-letters redrive": {
      const { redriveDeadLetters } = await import("./redrive.ts");
      return withQueue(options, environment, (queue) => redriveDeadLetters(queue, options, terminal));
    }
    case "dead-letters discard": {
      const { discardDeadLetters } = await import("./dead-letters.ts");
      return withQueue(options, environment, (queue) => discardDeadLetters(queue, options, terminal));
    }
  }
}

async function withQueue(
  options: Options,
  environment: Environment,
  use: (queue: ReachedQueue) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { reachQueue } = await import("./reach-queue.ts");
  const queue = await reachQueue(options, environment);
  try {
    return await withSdk(() => use(queue), queue.place);
  } finally {
    await queue.close();
  }
}

async function withSdk(use: () => Promise<ExitCode>, place: string): Promise<ExitCode> {
  try {
    return await use();
  } catch (error) {
    if (!fromSdk(error)) throw error;
    const { queueFailure } = await import("./reach-queue.ts");
    throw queueFailure(place, error);
  }
}

/** What the AWS SDK throws carries `$metadata`; its credential providers throw errors of their own name. */
function fromSdk(error: unknown): boolean {
  return error instanceof Error && ("$metadata" in error || error.name === "CredentialsProviderError");
}

function mendable(error: unknown): string | undefined {
  if (error instanceof CannotTell || error instanceof ConfigError) return error.message;
  if (error instanceof ClusterAnswerError) return error.message;
  if (error instanceof ClusterError) {
    const cluster = error.cluster.toUpperCase();
    return `${cluster} does not answer: ${error.message}\nCheck ${cluster}_ENDPOINT, and that the cluster is up.`;
  }
  return undefined;
}
