import { colour } from "../../parts/theme.svelte";
import type { Glyph, LaneRun } from "./lanes.svelte";
import { type Bar, endOf, type Extent, weightOf, xOf } from "./layout";
import { stuckAfter } from "./state";

export interface Picture {
  bars: readonly Bar[];
  glyphs: readonly Glyph[];
  ticks: readonly number[];
  extent: Extent;
  now: number;
  width: number;
  height: number;
}

/** From top to bottom: the runs, then a strip for tool calls and errors. In pixels. */
const margin = 4;
const strip = 10;

/** The colours of the present theme. */
function palette() {
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
type Palette = ReturnType<typeof palette>;

export function paint(context: CanvasRenderingContext2D, picture: Picture): void {
  const colours = palette();
  const { width, height, extent } = picture;
  context.clearRect(0, 0, width, height);
  context.fillStyle = colours.line;
  for (const at of picture.ticks) context.fillRect(Math.round(xOf(at, extent, width)), 0, 1, height);
  paintBars(context, picture, colours);
  paintGlyphs(context, picture, colours);
}

function paintBars(
  context: CanvasRenderingContext2D,
  { bars, now, extent, width, height }: Picture,
  colours: Palette,
): void {
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

function paintGlyphs(
  context: CanvasRenderingContext2D,
  { glyphs, extent, width, height }: Picture,
  colours: Palette,
): void {
  const top = height - strip + 1;
  for (const { at, kind } of glyphs) {
    if (at < extent.from) continue;
    const x = Math.min(width - 2, Math.round(xOf(at, extent, width)));
    context.fillStyle = kind === "tool" ? colours.tool : colours.bad;
    if (kind !== "error") {
      context.fillRect(x, top, 1.5, 6);
      continue;
    }
    context.beginPath();
    context.moveTo(x, top - 1);
    context.lineTo(x + 4, top + 7);
    context.lineTo(x - 4, top + 7);
    context.fill();
  }
}
