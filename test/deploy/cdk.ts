import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Runs `npx cdk` in the project, with nothing in its environment but what is given. Rejects with its output. */
export function cdk(
  environment: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<string> {
  const { PATH, HOME } = process.env;
  return new Promise((resolve, reject) => {
    execFile(
      "npx",
      ["--no-install", "cdk", ...args, "--no-notices"],
      { cwd: root, env: { PATH, HOME, ...environment }, timeout: 600_000, maxBuffer: 16 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error === null) resolve(`${stdout}${stderr}`);
        else reject(new Error(`cdk ${args.join(" ")}:\n${stdout}${stderr}`, { cause: error }));
      },
    );
  });
}

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/**
 * Takes what MiniStack 1.5.33 lacks out of a synthesised stack: it refuses alarms over several metrics (those are
 * held by the template's own tests), and answers a secret's name to `Ref` where CloudFormation answers its ARN.
 * The names of the alarms that are left out.
 */
export async function adaptToEmulator(assembly: string, stack: string): Promise<readonly string[]> {
  const file = join(assembly, `${stack}.template.json`);
  const template: { Resources: Record<string, Resource> } = JSON.parse(await readFile(file, "utf8"));
  const resources = Object.entries(template.Resources);
  const leftOut = resources.filter(
    ([, { Type, Properties }]) => Type === "AWS::CloudWatch::Alarm" && Properties?.["Metrics"] !== undefined,
  );
  for (const [id] of leftOut) delete template.Resources[id];
  const secrets = new Set(
    resources.filter(([, { Type }]) => Type === "AWS::SecretsManager::Secret").map(([id]) => id),
  );
  const arnForRef = (_: string, value: unknown): unknown =>
    typeof value === "object" && value !== null && "Ref" in value && secrets.has(String(value.Ref))
      ? { "Fn::GetAtt": [value.Ref, "Id"] }
      : value;
  await writeFile(file, JSON.stringify(template, arnForRef));
  return leftOut.map(([, { Properties }]) => String(Properties?.["AlarmName"]));
}
