import type { LaneRun } from "./lanes.svelte";

/** A run's place in a lane: pixels from the left, and which of the lane's tracks. */
export interface Bar {
  run: LaneRun;
  left: number;
  width: number;
  track: number;
}

/** The picture's time: from its left edge to its right one, in milliseconds since 1970. */
export interface Extent {
  from: number;
  to: number;
}

/** More runs than this at the same time share the last track. */
export const mostTracks = 3;
const narrowest = 2;
/** A run is drawn on until now while it was not silent for so long; longer, and nobody knows. In milliseconds. */
const silences: Partial<Record<LaneRun["status"], number>> = { active: 1_800_000, waiting: 86_400_000 };

export const xOf = (at: number, { from, to }: Extent, width: number): number => ((at - from) / (to - from)) * width;

/** The end of a run's bar. */
export function endOf(run: LaneRun, now: number): number {
  return now - run.last < (silences[run.status] ?? 0) ? Math.max(run.last, now) : run.last;
}

/** Where the runs that are seen stand. `runs` in the order they began. */
export function layOut(runs: readonly LaneRun[], extent: Extent, width: number, now: number): Bar[] {
  const bars: Bar[] = [];
  const free: number[] = Array.from({ length: mostTracks }, () => -Infinity);
  for (const run of runs) {
    const end = endOf(run, now);
    if (end < extent.from || run.begin > extent.to) continue;
    const found = free.findIndex((at) => at <= run.begin);
    const track = found < 0 ? mostTracks - 1 : found;
    free[track] = Math.max(free[track] ?? end, end);
    const left = Math.max(0, xOf(run.begin, extent, width));
    const right = Math.min(width, xOf(end, extent, width));
    bars.push({ run, left: Math.min(left, width - narrowest), width: Math.max(narrowest, right - left), track });
  }
  return bars;
}

/** The bar under the pointer, or the nearest within a few pixels: thin ones are hard to hit. */
export function barAt(bars: readonly Bar[], x: number): Bar | null {
  const reach = 4;
  let best: Bar | null = null;
  let bestDistance = reach;
  for (const bar of bars) {
    const distance = Math.max(bar.left - x, x - bar.left - bar.width, 0);
    if (
      distance < bestDistance ||
      (distance === bestDistance && best !== null && weightOf(bar.run) > weightOf(best.run))
    ) {
      best = bar;
      bestDistance = distance;
    }
  }
  return best;
}

/** What is painted over what: where bars share a pixel, the one that matters most is seen. */
export function weightOf(run: LaneRun): number {
  if (run.status === "waiting") return 4;
  if (run.status === "error") return 3;
  if (run.status === "active") return 2;
  return run.errors > 0 || run.status === "aborted" ? 1 : 0;
}

const minute = 60_000;
const steps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 10_080, 43_200].map((n) => n * minute);

/** Round local times along the picture, at least `apart` pixels from each other. */
export function ticks({ from, to }: Extent, width: number, apart = 90): number[] {
  if (!(to > from) || width <= 0) return [];
  const least = ((to - from) / width) * apart;
  const step = steps.find((each) => each >= least) ?? Math.ceil(least / 43_200_000) * 43_200_000;
  const zone = new Date(from).getTimezoneOffset() * minute;
  const first = Math.ceil((from - zone) / step) * step + zone;
  return Array.from({ length: Math.max(0, Math.ceil((to - first) / step)) }, (_, at) => first + at * step);
}
