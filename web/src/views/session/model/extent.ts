/** A part of the run's time that is shown, in milliseconds since its origin. */
export interface Extent {
  from: number;
  to: number;
}

/** No closer than this: times are told to the microsecond. */
const shortest = 0.01;

export const lengthOf = ({ from, to }: Extent): number => to - from;

/** Nearer by a factor below 1, farther by one above; the time `at` stays where it is. */
export function zoom(shown: Extent, whole: Extent, factor: number, at: number): Extent {
  const length = Math.max(shortest, Math.min(lengthOf(whole), lengthOf(shown) * factor));
  const part = lengthOf(shown) > 0 ? (at - shown.from) / lengthOf(shown) : 0.5;
  return within({ from: at - length * part, to: at + length * (1 - part) }, whole);
}

/** To the right by a part of what is shown. */
export function pan(shown: Extent, whole: Extent, part: number): Extent {
  const by = lengthOf(shown) * part;
  return within({ from: shown.from + by, to: shown.to + by }, whole);
}

/** The time of a span with some air around it. */
export function around(from: number, to: number, whole: Extent): Extent {
  const air = Math.max((to - from) * 0.1, lengthOf(whole) / 10_000, shortest);
  return within({ from: from - air, to: to + air }, whole);
}

/** The same length, moved so that it includes as much of from..to as fits; null when it already shows some of it. */
export function revealing(shown: Extent, whole: Extent, from: number, to: number): Extent | null {
  if (to >= shown.from && from <= shown.to) return null;
  const length = lengthOf(shown);
  const start = from - length * 0.1;
  return within({ from: start, to: start + length }, whole);
}

export function within(extent: Extent, whole: Extent): Extent {
  const length = Math.max(shortest, Math.min(lengthOf(extent), lengthOf(whole)));
  const from = Math.max(whole.from, Math.min(extent.from, whole.to - length));
  return { from, to: from + length };
}

const unit = [1, 2, 5];
const longSteps = [
  1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000,
  7_200_000, 14_400_000, 28_800_000, 86_400_000,
];

/** Where lines are drawn: round times, at most `most` of them. */
export function ticks(shown: Extent, most: number): { step: number; at: number[] } {
  const ideal = lengthOf(shown) / Math.max(1, most);
  const step = longSteps.find((each) => ideal > 500 && each >= ideal) ?? decimalStep(ideal);
  const at: number[] = [];
  for (let n = Math.ceil(shown.from / step); n * step <= shown.to; n += 1) at.push(n * step);
  return { step, at };
}

function decimalStep(ideal: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(ideal, shortest / 10)));
  return (unit.find((n) => n * power >= ideal) ?? 10) * power;
}

/** "0", "350 ms", "12.35 s", "2 min 5 s": as exact as the step needs. */
export function tickWords(at: number, step: number): string {
  if (at === 0) return "0";
  if (step < 1_000 && Math.abs(at) < 1_000) return `${at.toFixed(decimals(step))} ms`;
  if (step < 1_000) {
    const minutes = Math.floor(at / 60_000);
    const rest = `${(at / 1_000 - minutes * 60).toFixed(decimals(step / 1_000))} s`;
    return minutes > 0 ? `${minutes} min ${rest}` : rest;
  }
  const seconds = Math.round(at / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const [hours, minutes, rest] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const parts = [hours && `${hours} h`, minutes && `${minutes} min`, rest && `${rest} s`];
  return parts.filter(Boolean).join(" ");
}

const decimals = (step: number): number => Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
