import { type Answer, type Gateway, post } from "./delivery.ts";
import { limits } from "./limits.ts";
import type { Log } from "./log.ts";
import type { Batch, Queue, Turn } from "./sender.ts";

export interface Draining {
  queue: Queue;
  turn: Turn;
  gateway: Gateway;
  log: Log;
  /** Told how many events the gateway will not have, ever. */
  rejected: (count: number) => void;
  /** Told before every pause; false ends the draining, and the rest stays in the queue. */
  goOn: (pauseMs: number) => Promise<boolean>;
}

/** Sends what is in the queue, oldest first, until it is empty, or until `goOn` has enough. At once when another process
 * is at it: that one sees what was added, for it looks again after it gave the turn away. Never throws. */
export async function drain(work: Draining): Promise<void> {
  while (!work.queue.isEmpty() && work.turn.take()) {
    let done: boolean;
    try {
      done = await drainLocked(work);
    } finally {
      work.turn.release();
    }
    if (!done) return;
  }
}

/** false: gave up. */
async function drainLocked(work: Draining): Promise<boolean> {
  let failures = 0;
  let waited = false;
  for (;;) {
    const batch = work.queue.next();
    if (batch.files.length === 0 && batch.events.length === 0) break;
    const answer = batch.events.length === 0 ? ({ kind: "stored", rejected: [] } as const) : await deliver(work, batch.events);
    if (answer.kind === "later") {
      work.log(answer.why);
      waited = true;
      if (!(await work.goOn(answer.pauseMs ?? pauseAfter(failures)))) return false;
      failures += 1;
      continue;
    }
    failures = 0;
    if (answer.kind === "stored" && answer.rejected.length > 0) work.rejected(answer.rejected.length);
    forget(work, batch);
  }
  if (waited) work.log("the gateway has all events that waited");
  return true;
}

/** A request that is refused as a whole is halved, so that one bad event does not cost its neighbours. */
async function deliver(work: Draining, events: readonly string[]): Promise<Answer> {
  const answer = await post(work.gateway, events);
  if (answer.kind === "stored" && answer.rejected.length > 0) work.log(`the gateway refused events: ${answer.rejected.join(" ").slice(0, 500)}`);
  if (answer.kind !== "unfit") return answer;
  if (events.length === 1) {
    work.log(`${answer.why}. That event is given up`);
    return { kind: "stored", rejected: [answer.why] };
  }
  const half = Math.ceil(events.length / 2);
  const first = await deliver(work, events.slice(0, half));
  if (first.kind !== "stored") return first;
  const second = await deliver(work, events.slice(half));
  return second.kind === "stored" ? { kind: "stored", rejected: [...first.rejected, ...second.rejected] } : second;
}

function forget(work: Draining, batch: Batch): void {
  try {
    work.queue.remove(batch);
  } catch (error) {
    work.log(`cannot remove sent events (${String(error)})`);
  }
}

/** Grows from try to try; the random part keeps many agents from coming back in the same instant. */
export function pauseAfter(failures: number): number {
  const pause = Math.min(limits.firstPauseMs * 2 ** failures, limits.lastPauseMs);
  return pause * (1 + Math.random() / 2);
}
