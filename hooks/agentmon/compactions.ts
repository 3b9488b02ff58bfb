import { type Fields, figure, text } from "./emitter/read.ts";
import type { Timeline } from "./emitter/timeline.ts";
import type { Observer, Place } from "./observer.ts";

/** "/compact" is a run of its own. */
const ownRun = "compaction-";

/** A compaction that came to nothing has no end of its own; the next thing in the conversation is it. */
export function endCompactionRun(here: Observer, timeline: Timeline, at: number): void {
  const run = timeline.openRun();
  if (!run?.startsWith(ownRun)) return;
  here.endNow(run);
  if (timeline.isOpen(run)) timeline.endRun(run, at, { status: "error", error: { type: "not_compacted" } });
}

export function compactionStarted(here: Observer, key: string, context: Fields, at: number): void {
  const timeline = here.sessions.at(key, text(context.sessionId)) ?? here.sessions.atAnyRate(key);
  const place = here.openPlace(key) ?? { timeline, run: `${ownRun}${at}`, parent: undefined };
  place.timeline.ensureSession(at, { attributes: { session_key: key } });
  place.timeline.startRun(place.run, at, {});
  place.timeline.startSpan(place.run, `compaction-${at}`, at, {
    kind: "compaction",
    name: "compaction",
    parent: place.parent,
    details: { messages: figure(context.messageCount), tokens: figure(context.tokenCount) },
  });
}

export function compactionEnded(here: Observer, key: string, context: Fields, at: number): void {
  const place = here.openPlace(key);
  const span = place?.timeline.lastSpan(place.run, (open) => open.kind === "compaction");
  if (!place || !span) return;
  place.timeline.endSpan(place.run, span, at, {
    status: "success",
    parent: place.parent,
    details: {
      messages: figure(context.messageCount),
      compacted_messages: figure(context.compactedCount),
      tokens_before: figure(context.tokensBefore),
      tokens_after: figure(context.tokensAfter) ?? figure(context.tokenCount),
    },
  });
  if (place.run.startsWith(ownRun)) here.endSoon(place.run, () => place.timeline.endRun(place.run, at, { status: "success" }));
}

/** The model is asked for the summary under a run id of its own. */
export function placeInCompaction(timeline: Timeline): Place | undefined {
  const run = timeline.openRun();
  if (!run?.startsWith(ownRun)) return undefined;
  return { timeline, run, parent: run }; // the compaction's span has the run's name
}
