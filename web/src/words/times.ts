import { unknown } from "./numbers";

type Moment = string | number | Date | null | undefined;

const two = (n: number): string => String(n).padStart(2, "0");
const day = (at: Date): string => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;

function dateOf(moment: Moment): Date | null {
  if (moment == null) return null;
  const at = new Date(moment);
  return Number.isNaN(at.getTime()) ? null : at;
}

/** Local time of day: 14:03:27 */
export function clock(moment: Moment): string {
  const at = dateOf(moment);
  return at ? `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}` : unknown;
}

/** Local time, with the day unless it is today: 14:03:27, or 2026-03-13 14:03:27 */
export function localTime(moment: Moment, now = new Date()): string {
  const at = dateOf(moment);
  if (!at) return unknown;
  return day(at) === day(now) ? clock(at) : `${day(at)} ${clock(at)}`;
}

const dayAndMinute = new Intl.DateTimeFormat("en", {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

/** From one local time to another, to the minute: Nov 22, 09:00 – 14:30, or Nov 22, 09:00 – Nov 23, 09:00; the year where
 * it is not this one. */
export function spanWords(from: Date, to: Date, now = new Date()): string {
  const years = from.getFullYear() === now.getFullYear() ? "" : `${from.getFullYear()} `;
  const end = day(from) === day(to) ? clock(to).slice(0, 5) : dayAndMinute.format(to);
  return `${years}${dayAndMinute.format(from)} – ${end}`;
}

/** 2026-03-13 14:03:27.123 UTC, for titles. */
export function utcTime(moment: Moment): string {
  const at = dateOf(moment);
  return at ? `${at.toISOString().replace("T", " ").replace("Z", "")} UTC` : unknown;
}

/** 340 ms, 3.4 s, 2 min 5 s, 3 h 20 min, 2 d 4 h */
export function duration(ms: number | null | undefined): string {
  if (ms == null) return unknown;
  if (ms < 1) return ms === 0 ? "0 ms" : `${ms.toPrecision(2)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const pair = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
    small ? `${big} ${bigUnit} ${small} ${smallUnit}` : `${big} ${bigUnit}`;
  if (seconds < 3_600) return pair(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 1_440) return pair(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(minutes / 60);
  return pair(Math.floor(hours / 24), "d", hours % 24, "h");
}

/** The same in whole seconds, for what counts up while one looks. */
export const wholeSeconds = (ms: number): string =>
  ms < 9_950 ? `${Math.max(0, Math.floor(ms / 1000))} s` : duration(Math.floor(ms / 1000) * 1000);

/** "5 s ago", "just now", "in 3 s" when a clock is ahead. */
export function ago(moment: Moment, now = Date.now()): string {
  const at = dateOf(moment);
  if (!at) return unknown;
  const past = now - at.getTime();
  if (past < -1_000) return `in ${wholeSeconds(-past)}`;
  return past < 1_000 ? "just now" : `${wholeSeconds(past)} ago`;
}
