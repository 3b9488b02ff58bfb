import { isWaiting } from "../model/gaps";
import { momentOf } from "../model/moment";
import type { Tree } from "../model/tree";
import type { EventOutline, RunOutline } from "../model/types";
import type { Mark } from "./scene";

/** What was told outside of spans: errors, questions to a human, and plain events. The run's own start and end are seen
 * anyway. */
export function marksOf(tree: Tree, events: RunOutline["events"]): Mark[] {
  return events
    .filter((event) => event.type !== "run.start" && event.type !== "run.end")
    .map((event) => ({
      at: momentOf(event.ts) - tree.origin,
      ...lookOf(event),
      words: event.preview === null ? event.type : `${event.type}: ${event.preview}`,
    }));
}

function lookOf(event: EventOutline): Pick<Mark, "tone" | "sign"> {
  if (event.type === "error") return { tone: "bad", sign: "✕" };
  if (isWaiting(event)) return { tone: "warn", sign: "?" };
  return { tone: "dim", sign: "•" };
}
