import { join } from "node:path";

import { post } from "./delivery.ts";
import { drain } from "./drain.ts";
import { envelope, type Happening } from "./envelope.ts";
import { Lock } from "./lock.ts";
import { limits } from "./limits.ts";
import { type Log, reason } from "./log.ts";
import type { Settings } from "./settings.ts";
import { Spool } from "./spool.ts";

/** Sends events from within an agent's process. Nothing here throws, prints to standard output or waits for the
 * gateway; what was told is in the spool (see spool.ts) when emit() returns, and goes out from there. */
export class Emitter {
  private readonly settings: Settings;
  private readonly folder: string;
  private readonly log: Log;
  private spool: Spool | undefined;
  private draining = false;
  private again = false;
  private wake: (() => void) | undefined;

  /** `folder` is made when it is missing; other processes may use it, too. */
  constructor(settings: Settings, folder: string, log: Log) {
    this.settings = settings;
    this.folder = folder;
    this.log = log;
    this.drainSoon(); // what an earlier process left
  }

  emit(...happenings: readonly Happening[]): void {
    if (happenings.length === 0) return;
    try {
      const events = happenings.map((each) => envelope(each, this.settings.source));
      try {
        this.openSpool().add(events);
        this.drainSoon();
      } catch (error) {
        this.cannotKeep(error);
        void post(this.settings.gateway, events);
      }
    } catch (error) {
      this.log(`an event cannot be told: ${reason(error)}`);
    }
  }

  /** Waits until the spool is empty, but not longer than this; for the end of the process. */
  async flush(milliseconds: number): Promise<void> {
    const deadline = Date.now() + milliseconds;
    this.wake?.();
    while (this.draining && Date.now() < deadline) await pause(20);
  }

  private cannotKeep(error: unknown): void {
    this.log(`events cannot be kept in ${this.folder}, and are lost when the gateway is away: ${reason(error)}`);
  }

  private openSpool(): Spool {
    this.spool ??= new Spool(join(this.folder, "spool"));
    return this.spool;
  }

  private drainSoon(milliseconds = 0): void {
    if (this.draining) {
      this.again = true;
      return;
    }
    this.draining = true;
    // Not in this turn of the event loop: the agent waits for it.
    setTimeout(() => void this.drainNow(), milliseconds).unref();
  }

  private async drainNow(): Promise<void> {
    this.again = false;
    let left = false;
    try {
      const spool = this.openSpool();
      await drain({
        spool,
        lock: new Lock(join(this.folder, "spool.lock")),
        gateway: this.settings.gateway,
        log: this.log,
        goOn: (milliseconds) => this.pauseUnlessWoken(milliseconds),
      });
      left = !spool.isEmpty();
    } catch (error) {
      this.cannotKeep(error);
    }
    this.draining = false;
    // What is left is another process's work; should it be killed, it is this one's.
    if (this.again || left) this.drainSoon(left ? limits.lockTouchMs : 0);
  }

  private async pauseUnlessWoken(milliseconds: number): Promise<boolean> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      timer.unref();
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = undefined;
    return true;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
