/** What the system says of itself and of its processes. */
import { readFileSync } from "node:fs";

/** A process that can be told from another one with its number. */
export interface Process {
  readonly pid: number;
  /** When the process started, in the system's own ticks; empty where systems do not tell. */
  readonly started: string;
}

/** Whether it has not ended. */
export function isAlive({ pid, started }: Process): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  // Another process may have got its number; and one that was killed has it until its parent has looked.
  return started === startOf(String(pid));
}

/** When a process started; empty when it has ended, or where systems do not tell. */
export function startOf(pid: string): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? "" : (fields[19] ?? "");
  } catch {
    return "";
  }
}

/** Another one after each start of the system; empty where systems do not tell. */
export function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}
