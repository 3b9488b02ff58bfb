import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync, writeSync } from "node:fs";

import { limits } from "./limits.ts";

/** Keeps other processes away while it is held. A lock of a process that is gone, or that did not touch it for
 * limits.lockStaleMs, is nobody's. Two processes that take the same stale lock in the same instant can both believe to
 * hold it: what is done under a lock must then only be done twice, not wrong. */
export class Lock {
  private readonly file: string;
  private readonly owner = `${process.pid} ${Math.random().toString(36).slice(2)}\n`;
  private touching: NodeJS.Timeout | undefined;

  constructor(file: string) {
    this.file = file;
  }

  /** Takes the lock; false when another process holds it. Where nothing can be written (a full disk) nobody is kept
   * away: what waits there must go out all the same. */
  take(): boolean {
    try {
      if (!this.create() && !this.takeOver()) return false;
    } catch {
      return true;
    }
    this.touching = setInterval(() => this.touch(), limits.lockTouchMs);
    this.touching.unref();
    return true;
  }

  release(): void {
    clearInterval(this.touching);
    try {
      if (readFileSync(this.file, "utf8") === this.owner) rmSync(this.file);
    } catch {
      // Whoever took it over removes it.
    }
  }

  private create(): boolean {
    try {
      const descriptor = openSync(this.file, "wx", 0o600);
      writeSync(descriptor, this.owner);
      closeSync(descriptor);
      return true;
    } catch (error) {
      if (isCode(error, "EEXIST")) return false;
      throw error;
    }
  }

  /** The lock of a holder that is gone. Whoever gave it away a moment ago may hold it again by now: a lock that was
   * there and is missing is free for who creates it, not for who replaces it. */
  private takeOver(): boolean {
    let touched: number;
    let pid: number;
    try {
      touched = statSync(this.file).mtimeMs;
      pid = Number.parseInt(readFileSync(this.file, "utf8"), 10);
    } catch (error) {
      if (isCode(error, "ENOENT")) return this.create();
      throw error;
    }
    const silent = Date.now() - touched > limits.lockStaleMs;
    const gone = Number.isInteger(pid) && pid !== process.pid && !isRunning(pid);
    return (silent || gone) && this.replace();
  }

  private replace(): boolean {
    const mine = `${this.file}.${process.pid}`;
    writeFileSync(mine, this.owner, { mode: 0o600 });
    renameSync(mine, this.file);
    return readFileSync(this.file, "utf8") === this.owner;
  }

  private touch(): void {
    try {
      const now = new Date();
      utimesSync(this.file, now, now);
    } catch {
      // Then it becomes stale, and another process goes on.
    }
  }
}

/** A process that has ended, but that nobody waited for (in containers without an init), does not run. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return isCode(error, "EPERM");
  }
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return true; // no Linux
  }
}

function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}
