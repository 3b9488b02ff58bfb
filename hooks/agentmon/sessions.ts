import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import type { Happening } from "./emitter/envelope.ts";
import { fields } from "./emitter/read.ts";
import { type SessionRecord, Timeline } from "./emitter/timeline.ts";

/* Which conversation a session key stands for, and what is open in it. Kept in a file, so that ids stay the same over
 * restarts, and so that what a killed process left open is closed by the next one.
 *
 * OpenClaw 2026.9 keeps the session id when a conversation is begun anew (/new, /reset, idle reset); such a conversation
 * gets the time of its beginning behind its id. Older versions change the id. */

interface Known {
  /** OpenClaw's id. */
  sessionId: string;
  /** agentmon's. */
  id: string;
  usedAt: number;
  record: SessionRecord;
}

interface Stored {
  pid: number;
  keys: Record<string, Known>;
}

/** More conversations than this are not remembered; the longest unused are forgotten. */
const rememberedKeys = 300;
/** Between the beginning of a conversation and the hook that tells of it. */
const sameMomentMs = 5000;
/** How long a change may wait for others before it is written. */
const writeAfterMs = 500;

export class Sessions {
  private readonly file: string;
  private readonly tell: (happening: Happening) => void;
  private keys: Record<string, Known> = {};
  private writing: NodeJS.Timeout | undefined;
  /** Another process of OpenClaw is the one that remembers. */
  private readonly foreign: boolean;

  constructor(file: string, tell: (happening: Happening) => void) {
    this.file = file;
    this.tell = tell;
    const stored = readStored(file);
    this.keys = stored.keys;
    this.foreign = stored.pid !== process.pid && isRunning(stored.pid);
    if (!this.foreign) this.closeLeftOpen();
  }

  /** The conversation of a session key; undefined as long as its id is not known. */
  at(key: string, sessionId: string | undefined): Timeline | undefined {
    const known = this.keys[key];
    if (known && (sessionId === undefined || known.sessionId === sessionId)) return this.timeline(known);
    if (sessionId === undefined) return undefined;
    return this.timeline(this.remember(key, sessionId, sessionId));
  }

  /** The same, with the key as its id where no other is known. */
  atAnyRate(key: string): Timeline {
    return this.at(key, undefined) ?? this.timeline(this.remember(key, key, key));
  }

  /** The conversation ends and another begins under the same key; `startedAt` is what OpenClaw says of its beginning,
   * which can be that of the one before. */
  renew(key: string, sessionId: string | undefined, at: number, startedAt: number | undefined, reason: string): Timeline {
    const before = this.keys[key];
    if (before) this.timeline(before).endSession(at, { status: "success", details: { reason } });
    const next = sessionId ?? before?.sessionId ?? key;
    const begun = startedAt !== undefined && Math.abs(at - startedAt) < sameMomentMs ? startedAt : at;
    const known = this.remember(key, next, before && next !== before.sessionId ? next : `${next}.${Math.floor(begun)}`);
    return this.timeline(known);
  }

  /** Session keys in which a run is open, the one that was used last first. */
  openKeys(): string[] {
    return Object.entries(this.keys)
      .filter(([, known]) => this.timeline(known).openRun() !== undefined)
      .sort(([, one], [, other]) => other.usedAt - one.usedAt)
      .map(([key]) => key);
  }

  /** Writes what changed; for the end of the process. */
  save(): void {
    clearTimeout(this.writing);
    this.writing = undefined;
    if (this.foreign) return;
    try {
      mkdirSync(dirname(this.file), { recursive: true, mode: 0o700 });
      const part = `${this.file}.${process.pid}`;
      writeFileSync(part, JSON.stringify({ pid: process.pid, keys: this.keys } satisfies Stored), { mode: 0o600 });
      renameSync(part, this.file);
    } catch {
      // Then ids of conversations that were begun anew change with the next restart.
    }
  }

  private remember(key: string, sessionId: string, id: string): Known {
    const known: Known = { sessionId, id, usedAt: Date.now(), record: { runs: {} } };
    this.keys[key] = known;
    const all = Object.entries(this.keys).sort(([, one], [, other]) => other.usedAt - one.usedAt);
    if (all.length > rememberedKeys) this.keys = Object.fromEntries(all.slice(0, rememberedKeys));
    return known;
  }

  private timeline(known: Known): Timeline {
    return new Timeline(known.id, known.record, (happening) => {
      known.usedAt = Date.now();
      this.tell(happening);
      this.saveSoon();
    });
  }

  private saveSoon(): void {
    this.writing ??= setTimeout(() => this.save(), writeAfterMs).unref();
  }

  private closeLeftOpen(): void {
    for (const known of Object.values(this.keys)) {
      const timeline = this.timeline(known);
      for (const [run, { lastAt }] of Object.entries(known.record.runs)) {
        const error = { type: "process_ended", message: "OpenClaw ended before this run did." };
        timeline.endRun(run, lastAt, { status: "aborted", error });
        timeline.closeSpans(run, lastAt, false);
      }
    }
  }
}

function readStored(file: string): Stored {
  try {
    const stored = fields(JSON.parse(readFileSync(file, "utf8")));
    return { pid: Number(stored.pid), keys: fields(stored.keys) as Record<string, Known> };
  } catch {
    return { pid: 0, keys: {} };
  }
}

function isRunning(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}
