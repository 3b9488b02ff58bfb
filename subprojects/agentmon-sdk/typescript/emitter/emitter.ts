import { join } from "node:path";

import { post } from "./delivery.ts";
import { envelope, type Happening } from "./envelope.ts";
import { limits } from "./limits.ts";
import { Lock } from "./lock.ts";
import { type Log, reason } from "./log.ts";
import { Sender } from "./sender.ts";
import type { Settings } from "./settings.ts";
import { Spool } from "./spool.ts";

/** Sends events from within an agent's process. Nothing here throws, prints to standard output or waits for the
 * gateway. What was told is in the spool (see spool.ts) after this turn of the event loop, and goes out from there. */
export class Emitter {
  private readonly settings: Settings;
  private readonly folder: string;
  private readonly log: Log;
  private readonly sender: Sender;
  private spool: Spool | undefined;
  private readonly told: string[] = [];
  private keeping: NodeJS.Immediate | undefined;

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
    try {
      for (const each of happenings) this.told.push(envelope(each, this.settings.source));
    } catch (error) {
      this.log(`an event cannot be told: ${reason(error)}`);
    }
    if (this.told.length === 0 || this.keeping) return;
    // The agent waits for this turn of the event loop; what is told in it is kept right behind it.
    this.keeping = setImmediate(this.keep);
    process.once("exit", this.keep);
  }

  /** Waits until the spool is empty, but not longer than this; for the end of the process. */
  flush(milliseconds: number): Promise<void> {
    this.keep();
    return this.sender.flush(milliseconds);
  }

  private readonly keep = (): void => {
    clearImmediate(this.keeping);
    process.off("exit", this.keep);
    this.keeping = undefined;
    while (this.told.length > 0) {
      const events = this.told.splice(0, limits.batchEvents);
      try {
        this.sender.add(events);
      } catch (error) {
        this.cannotKeep(error);
        void post(this.settings.gateway, events);
      }
    }
  };

  private cannotKeep(error: unknown): void {
    this.log(`events cannot be kept in ${this.folder}, and are lost when the gateway is away: ${reason(error)}`);
  }
}
