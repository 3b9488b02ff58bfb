import type { Gateway } from "./delivery.ts";
import { drain } from "./drain.ts";
import { limits } from "./limits.ts";
import type { Log } from "./log.ts";

/** What waits for the gateway. */
export interface Queue {
  /** Throws when there is no room. */
  add(events: readonly string[]): void;
  isEmpty(): boolean;
  /** The oldest events, at most one request full of them. */
  next(): Batch;
  /** Forgets events that the gateway has. */
  remove(batch: Batch): void;
}

export interface Batch {
  /** Where they are kept, if in files. */
  files: string[];
  /** Each the JSON text of one event. */
  events: string[];
}

/** Who holds it sends; the others wait. */
export interface Turn {
  take(): boolean;
  release(): void;
}

export interface Sending {
  gateway: Gateway;
  /** May throw; is asked again then. */
  queue: () => Queue;
  turn: Turn;
  log: Log;
  /** Told why the queue cannot be opened or read. */
  unusable: (error: unknown) => void;
  /** Told how many events the gateway will not have, ever. */
  rejected: (count: number) => void;
}

/** Sends what is in a queue, behind the back of who adds to it. Its timers keep no process from ending. */
export class Sender {
  private readonly work: Sending;
  private draining = false;
  private again = false;
  private wake: (() => void) | undefined;

  constructor(work: Sending) {
    this.work = work;
    this.drainSoon(); // what an earlier process left
  }

  /** Throws when the queue cannot take them. */
  add(events: readonly string[]): void {
    this.work.queue().add(events);
    this.drainSoon();
  }

  /** Tries at once and waits until nothing waits, but not longer than this; for the end of the process. */
  async flush(milliseconds: number): Promise<void> {
    const deadline = Date.now() + milliseconds;
    this.wake?.();
    while (this.draining && Date.now() < deadline) await pause(20);
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
      const queue = this.work.queue();
      await drain({ ...this.work, queue, goOn: (milliseconds) => this.pauseUnlessWoken(milliseconds) });
      left = !queue.isEmpty();
    } catch (error) {
      this.work.unusable(error);
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
