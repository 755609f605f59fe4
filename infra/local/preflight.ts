import { createServer } from "node:net";
import type { ClusterName } from "../../functions/core/cluster/port.ts";
import { unsupported } from "../../functions/core/cluster/release.ts";
import { clusterFrom } from "../../functions/core/runtime/clusters.ts";
import {
  type Config,
  ConfigError,
  type Environment,
  readConfig,
} from "../../functions/core/runtime/config.ts";
import { reasonOf } from "../../functions/core/runtime/telemetry.ts";
import { misspelt } from "../misspelt.ts";
import { functionEnvironment, type HostSettings, readHostSettings } from "./host-settings.ts";

const reachTimeoutMs = 3000;

/**
 * Everything that can be checked before anything is started, so that one message has every problem.
 * @throws ConfigError listing wrong settings, a port that is taken, and, when neither cluster can be
 * reached, both endpoints.
 */
export async function preflight(
  environment: Environment,
  warn: (line: string) => void,
): Promise<HostSettings> {
  const problems: string[] = [];
  const asked = new Set<string>();
  const settings = collect(problems, () => readHostSettings(noting(environment, asked)));
  const endpoints = settings?.startsServers
    ? { PRIMARY_ENDPOINT: "http://localhost", BACKUP_ENDPOINT: "http://localhost" }
    : {};
  const config = collect(problems, () =>
    readConfig(noting(functionEnvironment({ ...environment, ...endpoints }), asked)),
  );
  const isSet = (name: string) => (environment[name] ?? "") !== "";
  const wrong = misspelt(Object.keys(environment), asked, isSet);
  problems.push(...wrong.map(({ name, reason }) => `${name} ${reason}`));
  if (settings !== undefined && (await portTaken(settings))) {
    problems.push(
      `PORT ${settings.port} on ${settings.host} is in use by another program: end that, or set PORT to a free one`,
    );
  }
  if (settings !== undefined && config !== undefined && !settings.startsServers) {
    const [{ unreachable: primary, ...first }, { unreachable: backup, ...second }] = await Promise.all([
      look("primary", config),
      look("backup", config),
    ]);
    for (const { unsupported } of [first, second]) if (unsupported !== undefined) problems.push(unsupported);
    if (primary !== undefined && backup !== undefined) problems.push(primary, backup);
    else if (primary !== undefined)
      warn(
        `${primary}\n  Starting all the same: reads go to BACKUP and writes are refused until it answers.`,
      );
    else if (backup !== undefined)
      warn(`${backup}\n  Starting all the same: records wait in the queue until it answers.`);
  }
  if (settings === undefined || problems.length > 0) throw new ConfigError(problems);
  return settings;
}

/** An environment that notes which names it is asked for. */
function noting(environment: Environment, asked: Set<string>): Environment {
  return new Proxy(environment, {
    get(target, name) {
      if (typeof name === "string") asked.add(name);
      return Reflect.get(target, name);
    },
  });
}

function collect<T>(problems: string[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) if (!problems.includes(problem)) problems.push(problem);
    return undefined;
  }
}

async function portTaken({ host, port }: HostSettings): Promise<boolean> {
  if (port === 0) return false;
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve("code" in error && error.code === "EADDRINUSE"));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(false)));
  });
}

/** What is wrong with a cluster; nothing when any of its nodes gives an answer of any status. */
interface Look {
  readonly unreachable?: string;
  /** It says that it is a release that the gateway does not work with. */
  readonly unsupported?: string | undefined;
}

async function look(name: ClusterName, config: Config): Promise<Look> {
  const cluster = clusterFrom(name, config, "client");
  try {
    await cluster.send({ method: "GET", path: "/", timeoutMs: reachTimeoutMs });
    const release = await cluster.release().catch(() => undefined);
    return { unsupported: release && unsupported(name, release) };
  } catch (error) {
    const nodes = config[name].endpoints.map(({ origin }) => origin).join(", ");
    return {
      unreachable: `${name.toUpperCase()}_ENDPOINT ${nodes} cannot be reached: ${reasonOf(error)}`,
    };
  } finally {
    await cluster.close();
  }
}
