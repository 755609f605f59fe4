import { spawn } from "node:child_process";
import { Socket } from "node:net";

export interface Watchdog {
  /** The group ended in the ordinary way: the watchdog leaves without killing anybody. */
  dismiss(): void;
}

/**
 * Kills a process group (SIGKILL, so a stopped one dies too) when this process is gone, however it went: the system
 * closes the pipe that a small shell is reading.
 *
 * A parent-death signal (`prctl`) would be the obvious way, but it does not reach the server of Elasticsearch 8 and
 * newer, which is a child of its launcher, and it exists on Linux only.
 */
export function watchProcessGroup(groupId: number): Watchdog {
  const shell = spawn("/bin/sh", ["-c", 'read -r word || kill -9 "-$0"', String(groupId)], {
    cwd: "/",
    // A group of its own: what ends this process's group (Ctrl-C) must not end the watchdog first.
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.unref();
  // A pipe to a child is a socket, which must not keep this process alive.
  if (shell.stdin instanceof Socket) shell.stdin.unref();
  shell.stdin.on("error", () => {});
  return { dismiss: () => void shell.stdin.end("dismissed\n") };
}
