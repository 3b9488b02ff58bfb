import type { Envelope } from "../../api/types";
import { hasFailed, isMachine } from "./eventWords";

/** How many lines the feed keeps, shown or held back; what is older is on the sessions' own pages. */
export const linesKept = 80;
/** Lines are shown in bundles, one alone at once. After a bundle the next one waits so long for each of its lines, within
 * these bounds: in a storm the page makes some hundred lines a second, which is more than anybody reads, and stays
 * responsive. In milliseconds. */
const pauseOfLine = 8;
const shortestPause = 100;

export const shows = ["work", "errors", "all"] as const;
export type Shows = (typeof shows)[number];

export function isShown(envelope: Envelope, what: Shows): boolean {
  if (what === "all") return true;
  return what === "errors" ? hasFailed(envelope) : !isMachine(envelope);
}

/** The newest events, the latest to come on top. While it is held nothing moves under the reader's eyes: what comes is
 * counted, and shown on letGo(). */
export class Feed {
  lines = $state.raw<readonly Envelope[]>([]);
  /** How many came since it is held. */
  heldBack = $state(0);

  private held = false;
  private waiting: Envelope[] = [];
  private known = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  /** What is stored already, newest first; what came live meanwhile stays on top. */
  begin(stored: readonly Envelope[]): void {
    const have = new Set(this.lines.map(({ event }) => event.id));
    this.lines = [...this.lines, ...stored.filter(({ event }) => !have.has(event.id))].slice(0, linesKept);
    this.rememberOnly();
  }

  /** Events in the order they came. */
  take(events: readonly Envelope[]): void {
    const fresh = events.filter(({ event }) => !this.known.has(event.id));
    if (fresh.length === 0) return;
    for (const { event } of fresh) this.known.add(event.id);
    this.waiting.push(...fresh);
    if (this.waiting.length > linesKept) this.waiting.splice(0, this.waiting.length - linesKept);
    if (this.held) this.heldBack += fresh.length;
    else this.showSoon();
  }

  hold(): void {
    this.held = true;
  }

  letGo(): void {
    if (!this.held) return;
    this.held = false;
    this.heldBack = 0;
    this.show();
  }

  clear(): void {
    this.waiting = [];
    this.heldBack = 0;
    this.lines = [];
    this.known.clear();
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }

  private showSoon(): void {
    if (this.timer) return;
    const pause = Math.max(shortestPause, this.waiting.length * pauseOfLine);
    this.show();
    this.timer = setTimeout(() => {
      this.timer = null;
      if (!this.held && this.waiting.length > 0) this.showSoon();
    }, pause);
  }

  private show(): void {
    if (this.waiting.length === 0) return;
    this.lines = [...this.waiting.reverse(), ...this.lines].slice(0, linesKept);
    this.waiting = [];
    this.rememberOnly();
  }

  private rememberOnly(): void {
    this.known = new Set(this.lines.map(({ event }) => event.id));
  }
}
