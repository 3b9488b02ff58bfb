import { type Activity, barHeight, type Step } from "./activity";
import { colour } from "../../parts/theme.svelte";
import type { Glyph, LaneRun } from "./lanes.svelte";
import { type Bar, endOf, type Extent, weightOf, xOf } from "./layout";
import { stuckAfter } from "./state";

export interface Picture {
  bars: readonly Bar[];
  glyphs: readonly Glyph[];
  activity: Activity;
  steps: readonly Step[];
  ticks: readonly number[];
  extent: Extent;
  now: number;
  width: number;
  height: number;
  colours: Palette;
}

/** From top to bottom: the runs, then a strip for errors above tool calls. In pixels. */
const margin = 4;
const row = 8;
const strip = 2 * row + 2;

/** The colours of the present theme. To be asked for once a theme: it has the browser work out its styles. */
export function palette() {
  return {
    line: colour("--line"),
    good: colour("--good"),
    warn: colour("--warn"),
    bad: colour("--bad"),
    accent: colour("--accent"),
    other: colour("--other"),
    tool: colour("--tool"),
  };
}
export type Palette = ReturnType<typeof palette>;

export function paint(context: CanvasRenderingContext2D, picture: Picture): void {
  const { width, height, extent, colours } = picture;
  context.clearRect(0, 0, width, height);
  context.fillStyle = colours.line;
  for (const at of picture.ticks) context.fillRect(Math.round(xOf(at, extent, width)), 0, 1, height);
  paintBars(context, picture);
  paintSteps(context, picture);
  paintGlyphs(context, picture);
}

function paintBars(context: CanvasRenderingContext2D, { bars, now, extent, width, height, colours }: Picture): void {
  const tracks = 1 + bars.reduce((most, { track }) => Math.max(most, track), 0);
  const room = height - 2 * margin - strip;
  const thick = Math.floor((room - (tracks - 1)) / tracks);
  for (const bar of bars.toSorted((a, b) => weightOf(a.run) - weightOf(b.run))) {
    const { run, left, track } = bar;
    const top = margin + track * (thick + 1);
    const isStuck = run.status === "active" && now - run.last >= stuckAfter;
    context.fillStyle = isStuck ? colours.other : colourOf(run, colours);
    context.globalAlpha = run.status === "success" ? 0.5 : 1;
    context.fillRect(left, top, bar.width, thick);
    context.globalAlpha = 1;
    if (run.errors > 0 && run.status !== "error") {
      context.fillStyle = colours.bad;
      context.fillRect(left, top + thick - 3, bar.width, 3);
    }
    if (isStuck && endOf(run, now) > run.last) {
      // Nothing is known of this part but that it is not over.
      const from = Math.max(left, xOf(run.last, extent, width));
      context.clearRect(from, top, left + bar.width - from, thick);
      context.strokeStyle = colours.bad;
      context.setLineDash([3, 3]);
      context.strokeRect(from + 0.5, top + 0.5, left + bar.width - from - 1, thick - 1);
      context.setLineDash([]);
    }
  }
}

function colourOf(run: LaneRun, colours: Palette): string {
  if (run.status === "success") return colours.good;
  if (run.status === "error") return colours.bad;
  if (run.status === "waiting") return colours.warn;
  if (run.status === "active") return colours.accent;
  return colours.other;
}

/** How many tool calls there were in each step, and where there were errors. */
function paintSteps(
  context: CanvasRenderingContext2D,
  { activity: { step, most }, steps, extent, width, height, colours }: Picture,
): void {
  const gap = 1;
  for (const { at, calls, errors } of steps) {
    const left = Math.max(0, xOf(at, extent, width));
    const right = Math.min(width, xOf(at + step, extent, width));
    if (right <= 0 || left >= width) continue;
    const high = barHeight(calls, most, row);
    context.fillStyle = colours.tool;
    context.globalAlpha = 0.7;
    context.fillRect(left, height - high, Math.max(1, right - left - gap), high);
    context.globalAlpha = 1;
    if (errors > 0) paintError(context, (left + right) / 2, height, colours);
  }
}

function paintError(context: CanvasRenderingContext2D, x: number, height: number, colours: Palette): void {
  const top = height - strip + 1;
  context.fillStyle = colours.bad;
  context.beginPath();
  context.moveTo(x, top);
  context.lineTo(x + 4, top + row - 1);
  context.lineTo(x - 4, top + row - 1);
  context.fill();
}

function paintGlyphs(context: CanvasRenderingContext2D, { glyphs, extent, width, height, colours }: Picture): void {
  for (const { at, kind } of glyphs) {
    if (at < extent.from) continue;
    const x = Math.min(width - 2, Math.round(xOf(at, extent, width)));
    if (kind === "error") {
      paintError(context, x, height, colours);
      continue;
    }
    context.fillStyle = kind === "tool" ? colours.tool : colours.bad;
    context.fillRect(x, height - row, 1.5, row);
  }
}
