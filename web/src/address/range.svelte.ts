import { address, hrefOf } from "./address.svelte";

export const windows = ["1h", "6h", "24h", "7d"] as const;
export type Window = (typeof windows)[number];

const hour = 3_600_000;
export const windowMilliseconds: Record<Window, number> = {
  "1h": hour,
  "6h": 6 * hour,
  "24h": 24 * hour,
  "7d": 7 * 24 * hour,
};

/** The longest time that the query API takes. */
export const longest = 400 * 24 * hour;

const isWindow = (text: string | null): text is Window => windows.some((each) => each === text);

/** The time that all views show: the last hours until now (?range=6h), or from one time to another (?from=…&to=…, RFC
 * 3339). It goes along from view to view. */
class Range {
  readonly window = $derived.by<Window | null>(() => {
    if (this.fixed) return null;
    const text = address.params.get("range");
    return isWindow(text) ? text : "24h";
  });
  readonly fixed = $derived.by<{ from: Date; to: Date } | null>(() => {
    const from = new Date(address.params.get("from") ?? "");
    const to = new Date(address.params.get("to") ?? "");
    return from < to ? { from, to } : null;
  });

  /** As the statistics of the query API take it. */
  readonly query = $derived.by<{ window: Window } | { from: string; to: string }>(() =>
    this.fixed
      ? { from: this.fixed.from.toISOString(), to: this.fixed.to.toISOString() }
      : { window: this.window ?? "24h" },
  );

  /** The times of the range as they are now. */
  bounds(now = Date.now()): { from: Date; to: Date } {
    if (this.fixed) return this.fixed;
    return { from: new Date(now - windowMilliseconds[this.window ?? "24h"]), to: new Date(now) };
  }

  chooseWindow(window: Window): void {
    address.set({ range: window, from: null, to: null });
  }

  choose(from: Date, to: Date): void {
    address.set({ range: null, from: from.toISOString(), to: to.toISOString() });
  }

  /** Twice as much time around the same middle; up to now it is the next longer window. */
  widen(): void {
    if (this.window) {
      const next = windows[windows.indexOf(this.window) + 1];
      if (next) this.chooseWindow(next);
      return;
    }
    const { from, to } = this.bounds();
    const half = (to.getTime() - from.getTime()) / 2;
    this.chooseWithin(from.getTime() - half, to.getTime() + half);
  }

  /** Half of the present length later (1) or earlier (-1). */
  shift(direction: -1 | 1): void {
    const { from, to } = this.bounds();
    const by = (direction * (to.getTime() - from.getTime())) / 2;
    this.chooseWithin(from.getTime() + by, to.getTime() + by);
  }

  /** Nothing is known of the future, and the query API answers `longest` at most. */
  private chooseWithin(from: number, to: number): void {
    const end = Math.min(to, Date.now());
    const start = Math.max(end - longest, to > end ? from - (to - end) : from);
    this.choose(new Date(start), new Date(end));
  }
}

export const range = new Range();

/** A link to another view that keeps the time range: link("/sessions", { status: "error" }). A range of its own goes
 * before. */
export function link(path: string, params: Record<string, string | null | undefined> = {}): string {
  const kept = new URLSearchParams();
  const ownRange = Boolean(params["range"] ?? params["from"]);
  for (const name of ownRange ? [] : ["range", "from", "to"]) {
    const value = address.params.get(name);
    if (value !== null) kept.set(name, value);
  }
  for (const [name, value] of Object.entries(params)) if (value) kept.set(name, value);
  return hrefOf(path, kept);
}
