import { randomUUID } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";

/** Where a running gateway can be reached. */
export interface GatewayAddress {
  /** Without a slash at the end. */
  readonly url: string;
  readonly pid: number;
}

const addressSchema = v.object({ url: v.string(), pid: v.number() });

/**
 * Says in the data directory that this process serves it, in `gateway.json`, for the command line.
 * @returns what takes it back; it leaves another process's file alone.
 */
export function announceGateway(dataDir: string, host: string, port: number): () => void {
  const path = fileIn(dataDir);
  const made = `${path}.${randomUUID()}`;
  writeFileSync(made, `${JSON.stringify({ url: urlOf(host, port), pid: process.pid })}\n`);
  renameSync(made, path);
  return () => {
    if (readAddress(dataDir)?.pid === process.pid) rmSync(path, { force: true });
  };
}

/** The gateway that serves the data directory; `undefined` when none does, or its process is gone. */
export function findGateway(dataDir: string): GatewayAddress | undefined {
  const address = readAddress(dataDir);
  return address !== undefined && isAlive(address.pid) ? address : undefined;
}

function fileIn(dataDir: string): string {
  return join(dataDir, "gateway.json");
}

function readAddress(dataDir: string): GatewayAddress | undefined {
  try {
    const parsed = v.safeParse(addressSchema, JSON.parse(readFileSync(fileIn(dataDir), "utf8")));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

/** An address that listens on every interface is reached through loopback. */
function urlOf(host: string, port: number): string {
  if (host === "0.0.0.0") return `http://127.0.0.1:${port}`;
  if (host === "::") return `http://[::1]:${port}`;
  return host.includes(":") ? `http://[${host}]:${port}` : `http://${host}:${port}`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
