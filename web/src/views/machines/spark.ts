/** A small line of one figure over time, in a box of `width` by `height` units. */
export interface Spark {
  line: string;
  area: string;
  /** Of the values, for the words that describe it; null when there is none. */
  lowest: number | null;
  highest: number | null;
}

export interface Box {
  width: number;
  height: number;
  from: number;
  to: number;
  /** The value at the upper edge; null: the highest. */
  top: number | null;
  /** Values further apart than this, in milliseconds, are not joined: nobody knows what was between. */
  longestStep: number;
}

/** `times` ascend, with a value or null (unknown) for each. */
export function sparkOf(times: readonly number[], values: readonly (number | null)[], box: Box): Spark {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return { line: "", area: "", lowest: null, highest: null };
  const lowest = known.reduce((a, b) => Math.min(a, b));
  const highest = known.reduce((a, b) => Math.max(a, b));
  const top = box.top ?? highest;
  const x = (at: number): string => (((at - box.from) / (box.to - box.from)) * box.width).toFixed(1);
  const y = (value: number): string => (box.height - (top > 0 ? Math.min(1, value / top) : 0) * box.height).toFixed(1);
  let line = "";
  let area = "";
  for (const piece of pieces(times, values, box.longestStep)) {
    const points = piece.map(({ at, value }) => `${x(at)} ${y(value)}`);
    // A single value is a short dash, else it would not be seen.
    line += `M${points.join("L")}${points.length === 1 ? "h1" : ""}`;
    area += `M${x(piece[0]?.at ?? 0)} ${box.height}L${points.join("L")}L${x(piece.at(-1)?.at ?? 0)} ${box.height}Z`;
  }
  return { line, area, lowest, highest };
}

interface Point {
  at: number;
  value: number;
}

function pieces(times: readonly number[], values: readonly (number | null)[], longestStep: number): Point[][] {
  const found: Point[][] = [];
  let last: Point | null = null;
  times.forEach((at, index) => {
    const value = values[index] ?? null;
    if (value === null) {
      last = null;
      return;
    }
    if (last === null || at - last.at > longestStep) found.push([]);
    last = { at, value };
    found.at(-1)?.push(last);
  });
  return found;
}

/** The index of the time that is nearest to `at`; null when there is none. */
export function nearest(times: readonly number[], at: number): number | null {
  let best: number | null = null;
  times.forEach((time, index) => {
    if (best === null || Math.abs(time - at) < Math.abs((times[best] ?? 0) - at)) best = index;
  });
  return best;
}
