import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { limits } from "./limits.ts";
import type { Batch, Queue } from "./sender.ts";

/* The events that the gateway has not confirmed yet, on this disk: a folder with one file for what was told at once.
 *
 * - A file is written under another name and then renamed: it is there whole or not at all, whenever a process is
 *   killed. (It is not synced: after a power failure the last seconds may be missing.)
 * - Adding needs no lock, for names are unique; any number of processes add at the same time.
 * - Names begin with the time, so that reading them in order is reading the events in order.
 * - A file is removed only after the gateway answered 202, which it does when the events are on its own disk. Who is
 *   killed between that answer and the removal leaves a file that is sent again: its events have the same ids and are
 *   stored once.
 * - The folder is bounded; when it is full, what is new is not kept. */

const whole = ".jsonl";
const begun = ".part";
/** A begun file of a process that was killed. */
const abandonedMs = 60_000;

export class Spool implements Queue {
  private readonly folder: string;
  private readonly writer = `${process.pid}-${randomBytes(4).toString("hex")}`;
  private lastTime = 0;
  private sequence = 0;
  private bytes = 0;
  private files = 0;

  /** Makes the folder, readable for this user only. Throws when that is impossible. */
  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.measure();
  }

  /** Keeps events (each one line of JSON). A `name` that was used before replaces what it named then. Throws when the
   * disk is full or not writable, and when the spool is full. */
  add(events: readonly string[], name: string = this.nextName()): void {
    const text = `${events.join("\n")}\n`;
    if (this.files >= limits.spoolFiles || this.bytes + text.length > limits.spoolBytes) {
      this.measure();
      if (this.files >= limits.spoolFiles || this.bytes + text.length > limits.spoolBytes)
        throw new Error("the spool is full");
    }
    const part = join(this.folder, `${name}.${process.pid}${begun}`);
    try {
      writeFileSync(part, text, { mode: 0o600 });
      renameSync(part, join(this.folder, name + whole));
    } catch (error) {
      rmSync(part, { force: true });
      throw error;
    }
    this.bytes += text.length;
    this.files += 1;
  }

  isEmpty(): boolean {
    return this.names().length === 0;
  }

  /** The oldest events, at most one request full of them. */
  next(): Batch {
    const batch: Batch = { files: [], events: [] };
    let bytes = 0;
    for (const name of this.names()) {
      const text = this.read(name);
      const events = text.split("\n").filter((line) => line.startsWith("{") && line.endsWith("}"));
      if (batch.files.length > 0 && (bytes + text.length > limits.batchBytes || batch.events.length + events.length > limits.batchEvents))
        break;
      bytes += text.length;
      batch.files.push(name);
      batch.events.push(...events);
    }
    return batch;
  }

  /** Forgets events that the gateway has. */
  remove(batch: Batch): void {
    for (const name of batch.files) rmSync(join(this.folder, name), { force: true });
    this.files = Math.max(0, this.files - batch.files.length);
  }

  private read(name: string): string {
    try {
      return readFileSync(join(this.folder, name), "utf8");
    } catch {
      return ""; // Another process was faster.
    }
  }

  private names(): string[] {
    try {
      return readdirSync(this.folder).filter((name) => name.endsWith(whole)).sort();
    } catch {
      return [];
    }
  }

  /** Counts what is there, and removes what killed processes began. */
  private measure(): void {
    this.bytes = 0;
    this.files = 0;
    for (const name of readdirSync(this.folder)) {
      const file = join(this.folder, name);
      const status = statSync(file, { throwIfNoEntry: false });
      if (!status) continue;
      if (name.endsWith(begun) && Date.now() - status.mtimeMs > abandonedMs) rmSync(file, { force: true });
      this.bytes += status.size;
      this.files += 1;
    }
  }

  private nextName(): string {
    this.lastTime = Math.max(Date.now(), this.lastTime);
    this.sequence += 1;
    return `${String(this.lastTime).padStart(14, "0")}000-${String(this.sequence).padStart(9, "0")}-${this.writer}`;
  }
}
