import { colour } from "../../../parts/theme.svelte";
import type { Kind } from "../model/tree";

/** design.css for the canvases; read again when the theme changes. */
export interface Colours {
  card: string;
  hover: string;
  selected: string;
  line: string;
  strong: string;
  ink: string;
  dim: string;
  accent: string;
  warn: string;
  warnWash: string;
  bad: string;
  badWash: string;
  kinds: Record<Kind, string>;
  sans: string;
}

export function readColours(): Colours {
  return {
    card: colour("--card"),
    hover: colour("--hover"),
    selected: colour("--selected"),
    line: colour("--line"),
    strong: colour("--line-strong"),
    ink: colour("--ink"),
    dim: colour("--ink-dim"),
    accent: colour("--accent"),
    warn: colour("--warn"),
    warnWash: colour("--warn-wash"),
    bad: colour("--bad"),
    badWash: colour("--bad-wash"),
    kinds: {
      tool: colour("--tool"),
      model: colour("--model"),
      compaction: colour("--compaction"),
      subagent: colour("--subagent"),
      other: colour("--other"),
    },
    sans: colour("--sans"),
  };
}

/** A canvas as large as it looks, sharp on every screen; null when the browser gives none. */
export function prepare(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = devicePixelRatio;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const paper = canvas.getContext("2d");
  paper?.setTransform(ratio, 0, 0, ratio, 0, 0);
  paper?.clearRect(0, 0, width, height);
  return paper;
}
