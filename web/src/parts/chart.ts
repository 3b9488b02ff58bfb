/** The arithmetic of Chart.svelte. Times are in seconds, as uPlot has them. */

export interface ChartSeries {
  label: string;
  values: readonly (number | null)[];
  colour: `--${string}`;
  shape: "bars" | "steps";
  /** On which scale; each series on the right has its own. */
  side?: "left" | "right";
  say: (value: number | null) => string;
  /** Over the whole time, as the heading shows it while nothing is pointed at. */
  total: string;
}

/** Something that happened at a time: a line across the chart, with its words on hover. */
export interface ChartMark {
  at: number;
  tone: "bad" | "warn";
  words: string;
}

export interface PlacedMark {
  left: number;
  tone: "bad" | "warn";
  words: readonly string[];
}

/** Marks of one tone nearer than this many pixels share a line: more could not be told apart. */
const apart = { bad: 5, warn: 12 };
/** Of those that share a line, so many are told in words. */
const told = 8;

/** Marks as lines in the plot, each tone left to right, the rarer warnings last and so on top; those outside of the plot
 * are left out. */
export function placeMarks(marks: readonly ChartMark[], leftOf: (at: number) => number, width: number): PlacedMark[] {
  const placed = marks
    .map((mark) => ({ ...mark, left: leftOf(mark.at) }))
    .filter(({ left }) => left >= 0 && left <= width)
    .sort((a, b) => a.left - b.left);
  return (["bad", "warn"] as const).flatMap((tone) =>
    together(
      placed.filter((mark) => mark.tone === tone),
      apart[tone],
    ),
  );
}

type Placed = ChartMark & { left: number };

function together(sorted: readonly Placed[], within: number): PlacedMark[] {
  const groups: [Placed, ...Placed[]][] = [];
  for (const mark of sorted) {
    const group = groups.at(-1);
    if (group && mark.left - group[0].left < within) group.push(mark);
    else groups.push([mark]);
  }
  return groups.map((group) => ({
    left: group[0].left,
    tone: group[0].tone,
    words: [
      ...group.slice(0, told).map(({ words }) => words),
      ...(group.length > told ? [`and ${group.length - told} more`] : []),
    ],
  }));
}

/** The step that a time is in, or null outside of all. */
export function stepAt(time: number, first: number, step: number, steps: number): number | null {
  const index = Math.floor((time - first) / step);
  return index >= 0 && index < steps ? index : null;
}

/** The whole steps that a dragged area touches. */
export function wholeSteps(from: number, to: number, step: number): { from: Date; to: Date } {
  const start = Math.floor(from / step) * step;
  const end = Math.max(start + step, Math.ceil(to / step) * step);
  return { from: new Date(start * 1000), to: new Date(end * 1000) };
}

const two = (n: number): string => String(n).padStart(2, "0");
const dayOf = new Intl.DateTimeFormat("en", { day: "numeric", month: "short" });

/** Labels of the time axis, local: times of day, and the day where one begins. */
export function tickWords(times: readonly number[], increment: number): string[] {
  return times.map((time) => {
    const at = new Date(time * 1000);
    const midnight = at.getHours() === 0 && at.getMinutes() === 0;
    return midnight || increment >= 86_400 ? dayOf.format(at) : `${two(at.getHours())}:${two(at.getMinutes())}`;
  });
}

/** The scale's end: a round figure at or above the largest, never an empty scale. */
export function roundAbove(largest: number): number {
  if (!(largest > 0)) return 1;
  const magnitude = 10 ** Math.floor(Math.log10(largest));
  const lead = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((n) => n * magnitude >= largest) ?? 10;
  return Math.max(1, lead * magnitude);
}
