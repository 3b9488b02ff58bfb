import { momentOf } from "./moment";
import type { Tree } from "./tree";
import type { EventOutline } from "./types";

/** A time in which nothing was under way in the run, as far as it told. */
export interface Gap {
  from: number;
  to: number;
  /** A human was asked in it. */
  waiting: boolean;
}

/** Shorter ones are no news: by themselves, and as a part of the run. */
const shortest = 1_000;
const smallestPart = 0.005;

/** Spans with others in them do not count: a sub-agent that waits for its own next step does nothing either. `end`: the
 * run's end, or now. */
export function gapsOf(tree: Tree, events: readonly EventOutline[], end: number): Gap[] {
  const least = Math.max(shortest, end * smallestPart);
  const waits = events.filter(isWaiting).map((event) => momentOf(event.ts) - tree.origin);
  const work = tree.all.filter((node) => node.children.length === 0).sort((one, other) => one.start - other.start);
  const gaps: Gap[] = [];
  let covered = 0;
  const close = (to: number): void => {
    if (to - covered < least) return;
    // The question may come together with the end of the span before.
    gaps.push({ from: covered, to, waiting: waits.some((at) => at >= covered - 1 && at <= to) });
  };
  for (const { start, end: until } of work) {
    close(start);
    covered = Math.max(covered, until ?? end);
  }
  if (tree.all.length > 0) close(end);
  return gaps;
}

export const isWaiting = (event: EventOutline): boolean =>
  event.type === "run.waiting" || event.type === "session.waiting";
