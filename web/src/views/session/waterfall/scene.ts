import type { Extent } from "../model/extent";
import type { Gap } from "../model/gaps";
import type { Node } from "../model/tree";

export const rowHeight = 24;
/** The axis, and under it the lane of what was told outside of spans. */
export const axisHeight = 24;
export const marksHeight = 18;
export const topHeight = axisHeight + marksHeight;

/** An event outside of spans, on the time axis. */
export interface Mark {
  at: number;
  tone: "bad" | "warn" | "dim";
  sign: string;
  words: string;
}

/** All that a picture of the waterfall needs. */
export interface Scene {
  width: number;
  height: number;
  /** Where the time begins; left of it are the names. */
  gutter: number;
  rows: readonly Node[];
  scroll: number;
  shown: Extent;
  /** The run's end, or now. */
  end: number;
  /** Whether the run goes on, so that a span without an end goes on, too. */
  goesOn: boolean;
  gaps: readonly Gap[];
  marks: readonly Mark[];
  selected: Node | null;
  hovered: Node | null;
  hoverX: number | null;
  collapsed: ReadonlySet<string>;
}

type Place = Pick<Scene, "width" | "gutter" | "shown">;

export function xOf({ width, gutter, shown }: Place, at: number): number {
  return gutter + ((at - shown.from) / (shown.to - shown.from)) * (width - gutter);
}

export function timeAt({ width, gutter, shown }: Place, x: number): number {
  return shown.from + ((x - gutter) / Math.max(1, width - gutter)) * (shown.to - shown.from);
}

/** How far a name stands to the right; deep trees do not push the names out of their column. */
export const indentOf = (depth: number): number => 10 + 12 * Math.min(depth, 9);
