import { join } from "node:path";

import { post } from "./delivery.ts";
import { envelope, type Happening } from "./envelope.ts";
import { Lock } from "./lock.ts";
import { type Log, reason } from "./log.ts";
import { Sender } from "./sender.ts";
import type { Settings } from "./settings.ts";
import { Spool } from "./spool.ts";

/** Sends events from within an agent's process. Nothing here throws, prints to standard output or waits for the
 * gateway; what was told is in the spool (see spool.ts) when emit() returns, and goes out from there. */
export class Emitter {
  private readonly settings: Settings;
  private readonly folder: string;
  private readonly log: Log;
  private readonly sender: Sender;
  private spool: Spool | undefined;

  /** `folder` is made when it is missing; other processes may use it, too. */
  constructor(settings: Settings, folder: string, log: Log) {
    this.settings = settings;
    this.folder = folder;
    this.log = log;
    this.sender = new Sender({
      gateway: settings.gateway,
      queue: () => (this.spool ??= new Spool(join(folder, "spool"))),
      turn: new Lock(join(folder, "spool.lock")),
      log,
      unusable: (error) => this.cannotKeep(error),
      rejected: () => undefined, // the log says so
    });
  }

  emit(...happenings: readonly Happening[]): void {
    if (happenings.length === 0) return;
    try {
      const events = happenings.map((each) => envelope(each, this.settings.source));
      try {
        this.sender.add(events);
      } catch (error) {
        this.cannotKeep(error);
        void post(this.settings.gateway, events);
      }
    } catch (error) {
      this.log(`an event cannot be told: ${reason(error)}`);
    }
  }

  /** Waits until the spool is empty, but not longer than this; for the end of the process. */
  flush(milliseconds: number): Promise<void> {
    return this.sender.flush(milliseconds);
  }

  private cannotKeep(error: unknown): void {
    this.log(`events cannot be kept in ${this.folder}, and are lost when the gateway is away: ${reason(error)}`);
  }
}
