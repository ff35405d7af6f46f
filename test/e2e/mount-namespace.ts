/** Mount namespaces: what a process sees of the file system that others do not. */
import { readlinkSync } from "node:fs";
import type { Laboratory } from "./laboratory.ts";
import { plainEnvironment, succeed, waitFor } from "./program.ts";

/** Makes one, whose mounts nobody else sees, and returns what to put before a command to run it there. */
export async function addMountNamespace(lab: Laboratory): Promise<readonly string[]> {
  const holder = Bun.spawn(["unshare", "--mount", "--propagation", "private", "sleep", "600"], {
    stdio: ["ignore", "ignore", "ignore"],
    env: plainEnvironment(),
  });
  lab.defer(async () => {
    holder.kill("SIGKILL");
    await holder.exited;
  });
  const own = readlinkSync("/proc/self/ns/mnt");
  await waitFor(
    "a mount namespace",
    () => readlinkSync(`/proc/${holder.pid}/ns/mnt`) !== own && isSleeping(holder.pid),
  );
  return ["nsenter", `--mount=/proc/${holder.pid}/ns/mnt`, "--"];
}

/** Whether unshare has changed everything that it changes, and become what it runs. */
function isSleeping(pid: number): boolean {
  return readlinkSync(`/proc/${pid}/exe`).endsWith("sleep");
}

/** Makes a network namespace that only the mount namespace sees at a path; others see a plain file there. */
export async function addHiddenNamespace(prefix: readonly string[], path: string): Promise<void> {
  await succeed([...prefix, "sh", "-c", 'touch "$0" && unshare --net="$0" true', path]);
}
