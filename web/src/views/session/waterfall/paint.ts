import { duration } from "../../../words/times";
import { brief } from "../model/brief";
import { tickWords, ticks } from "../model/extent";
import { type Node, failed, kindOf, nameOf } from "../model/tree";
import type { Colours } from "./colours";
import { type Scene, axisHeight, indentOf, marksHeight, rowHeight, topHeight, xOf } from "./scene";

type Paper = CanvasRenderingContext2D;

const barHeight = 16;
/** A bar is never thinner than this, and one without a length is drawn as a point of this radius. */
const thinnest = 2;
const pointRadius = 4;
/** Narrower bars have their words beside them. */
const wordsInside = 64;
const averageLetter = 6.2;

/** Draws only what is visible: its time does not grow with the run. */
export function paintWaterfall(paper: Paper, scene: Scene, colours: Colours): void {
  paper.font = `12px ${colours.sans}`;
  paper.textBaseline = "middle";
  const first = Math.max(0, Math.floor(scene.scroll / rowHeight));
  const last = Math.min(scene.rows.length, Math.ceil((scene.scroll + scene.height - topHeight) / rowHeight));

  clipped(paper, 0, topHeight, scene.width, scene.height - topHeight, () => {
    for (let at = first; at < last; at += 1) paintRowGround(paper, scene, colours, at);
  });
  clipped(paper, scene.gutter, 0, scene.width - scene.gutter, scene.height, () => {
    paintGrid(paper, scene, colours);
    paintGaps(paper, scene, colours);
  });
  clipped(paper, 0, topHeight, scene.width, scene.height - topHeight, () => {
    for (let at = first; at < last; at += 1) {
      const node = scene.rows[at];
      if (node) paintRow(paper, scene, colours, node, topHeight + at * rowHeight - scene.scroll);
    }
  });
  clipped(paper, scene.gutter, 0, scene.width - scene.gutter, scene.height, () => paintTimes(paper, scene, colours));
  if (scene.gutter > 0) paintGutterHead(paper, scene, colours);
}

function clipped(paper: Paper, x: number, y: number, width: number, height: number, paint: () => void): void {
  paper.save();
  paper.beginPath();
  paper.rect(x, y, width, height);
  paper.clip();
  paint();
  paper.restore();
}

function paintRowGround(paper: Paper, scene: Scene, colours: Colours, at: number): void {
  const node = scene.rows[at];
  if (node !== scene.selected && node !== scene.hovered) return;
  paper.fillStyle = node === scene.selected ? colours.selected : colours.hover;
  paper.fillRect(0, topHeight + at * rowHeight - scene.scroll, scene.width, rowHeight);
}

function paintGrid(paper: Paper, scene: Scene, colours: Colours): void {
  paper.fillStyle = colours.line;
  for (const at of axisTicks(scene).at) paper.fillRect(Math.round(xOf(scene, at)), axisHeight, 1, scene.height);
}

const axisTicks = (scene: Scene): { step: number; at: number[] } =>
  ticks(scene.shown, Math.max(2, (scene.width - scene.gutter) / 110));

function paintGaps(paper: Paper, scene: Scene, colours: Colours): void {
  for (const gap of scene.gaps) {
    const [from, to] = [xOf(scene, gap.from), xOf(scene, gap.to)];
    if (to < scene.gutter || from > scene.width) continue;
    paper.globalAlpha = 0.5;
    paper.fillStyle = gap.waiting ? colours.warnWash : colours.hover;
    paper.fillRect(from, topHeight, to - from, scene.height);
    paper.globalAlpha = 1;
  }
}

function paintRow(paper: Paper, scene: Scene, colours: Colours, node: Node, y: number): void {
  if (scene.gutter > 0) {
    clipped(paper, 0, y, scene.gutter - 6, rowHeight, () => paintName(paper, scene, colours, node, y));
  }
  clipped(paper, scene.gutter, y, scene.width - scene.gutter, rowHeight, () =>
    paintBar(paper, scene, colours, node, y),
  );
}

function paintName(paper: Paper, scene: Scene, colours: Colours, node: Node, y: number): void {
  const x = indentOf(node.depth);
  const middle = y + rowHeight / 2;
  if (node.children.length > 0) {
    paper.fillStyle = colours.dim;
    paper.fillText(scene.collapsed.has(node.span.span_id) ? "▸" : "▾", x - 8, middle + 0.5);
  }
  paper.fillStyle = colours.kinds[kindOf(node.span)];
  paper.fillRect(x + 4, middle - 4, 8, 8);
  const bad = failed(node);
  paper.fillStyle = bad ? colours.bad : colours.ink;
  const inside = scene.collapsed.has(node.span.span_id) ? ` +${node.inside.toLocaleString("en")}` : "";
  paper.fillText(`${bad ? "✕ " : ""}${nameOf(node.span)}${inside}`, x + 18, middle + 0.5);
}

function paintBar(paper: Paper, scene: Scene, colours: Colours, node: Node, y: number): void {
  const open = node.end === null;
  const end = node.end ?? Math.max(node.start, scene.end);
  const from = xOf(scene, node.start);
  const to = Math.max(from + thinnest, xOf(scene, end));
  const top = y + (rowHeight - barHeight) / 2;
  if (to < scene.gutter || from > scene.width) return paintBeyond(paper, scene, colours, to < scene.gutter, y);

  const bad = failed(node);
  const colour = bad ? colours.bad : colours.kinds[kindOf(node.span)];
  const isPoint = !open && node.span.duration_ms === null && node.end === node.start;
  if (isPoint) paintPoint(paper, from, y + rowHeight / 2, colour);
  else {
    // Far beyond the picture a bar's edges are not exact enough for the browser.
    const [left, right] = [Math.max(from, scene.gutter - 10), Math.min(to, scene.width + 10)];
    paper.fillStyle = open ? fading(paper, left, right, colour) : colour;
    paper.globalAlpha = right - left < 6 ? 0.9 : bad ? 0.34 : 0.26;
    paper.fillRect(left, top, right - left, barHeight);
    paper.globalAlpha = 1;
    paper.fillStyle = colour;
    paper.fillRect(left, top, Math.min(3, right - left), barHeight);
  }
  if (node === scene.selected && !isPoint) {
    paper.strokeStyle = colours.accent;
    paper.lineWidth = 1.5;
    paper.strokeRect(
      Math.max(from, scene.gutter - 10) - 1,
      top - 1,
      Math.min(to, scene.width + 10) - Math.max(from, scene.gutter - 10) + 2,
      barHeight + 2,
    );
  }
  paintWords(paper, scene, colours, node, {
    from,
    to: isPoint ? from + pointRadius : to,
    middle: y + rowHeight / 2 + 0.5,
  });
}

function paintPoint(paper: Paper, x: number, y: number, colour: string): void {
  paper.fillStyle = colour;
  paper.beginPath();
  paper.moveTo(x, y - pointRadius);
  paper.lineTo(x + pointRadius, y);
  paper.lineTo(x, y + pointRadius);
  paper.lineTo(x - pointRadius, y);
  paper.fill();
}

function fading(paper: Paper, from: number, to: number, colour: string): CanvasGradient {
  const gradient = paper.createLinearGradient(from, 0, to, 0);
  gradient.addColorStop(0, colour);
  gradient.addColorStop(1, "transparent");
  return gradient;
}

/** A sign at the edge for a bar that is before or behind what is shown. */
function paintBeyond(paper: Paper, scene: Scene, colours: Colours, before: boolean, y: number): void {
  paper.fillStyle = colours.dim;
  paper.fillText(before ? "‹" : "›", before ? scene.gutter + 3 : scene.width - 9, y + rowHeight / 2);
}

/** How long a span took, as far as it is known. */
export function lengthWords(node: Node, goesOn: boolean): string {
  if (node.span.duration_ms !== null) return duration(node.span.duration_ms);
  if (node.end === null) return goesOn ? "goes on" : "no end was told";
  return "duration unknown";
}

interface Bar {
  from: number;
  to: number;
  middle: number;
}

function paintWords(paper: Paper, scene: Scene, colours: Colours, node: Node, bar: Bar): void {
  const took = lengthWords(node, scene.goesOn);
  const name = `${failed(node) ? "✕ " : ""}${nameOf(node.span)}`;
  const said = brief(node.span.error ?? node.span.input_preview ?? node.span.output_preview);
  const left = Math.max(bar.from, scene.gutter) + 7;
  const right = Math.min(bar.to, scene.width);
  const tookWidth = paper.measureText(took).width;
  if (right - left < wordsInside) {
    // Beside the bar; on its other side where there is no room behind it.
    const words = scene.gutter > 0 ? took : `${name}  ${took}`;
    const width = scene.gutter > 0 ? tookWidth : paper.measureText(words).width;
    paper.fillStyle = colours.dim;
    if (bar.to + width + 12 < scene.width) {
      paper.fillText(words, bar.to + 5, bar.middle);
      const rest = scene.width - bar.to - width - 30;
      if (rest > 80) paper.fillText(fitting(said, rest), bar.to + width + 15, bar.middle);
    } else {
      paper.fillText(words, Math.max(scene.gutter + 4, bar.from - width - 6), bar.middle);
    }
    return;
  }
  paper.fillStyle = colours.ink;
  const room = right - left - 8;
  const nameWords = fitting(name, room);
  paper.fillText(nameWords, left, bar.middle);
  const used = paper.measureText(nameWords).width + 10;
  const tookFits = room - used > tookWidth + 4;
  if (tookFits) paper.fillText(took, right - tookWidth - 6, bar.middle);
  const rest = room - used - (tookFits ? tookWidth + 12 : 0);
  if (rest > 50 && said !== "") {
    paper.fillStyle = colours.dim;
    clipped(paper, left + used, bar.middle - 10, rest, 20, () =>
      paper.fillText(fitting(said, rest * 1.3), left + used, bar.middle),
    );
  }
}

/** About as much of a text as has room: measuring each letter would cost more than the picture. */
function fitting(text: string, width: number): string {
  const most = Math.max(1, Math.floor(width / averageLetter));
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

function paintTimes(paper: Paper, scene: Scene, colours: Colours): void {
  paper.fillStyle = colours.card;
  paper.fillRect(scene.gutter, 0, scene.width, axisHeight);
  paper.fillStyle = colours.dim;
  const { step, at } = axisTicks(scene);
  for (const tick of at) {
    const words = tickWords(tick, step);
    const x = Math.round(xOf(scene, tick)) + 4;
    if (x + paper.measureText(words).width < scene.width) paper.fillText(words, x, axisHeight / 2);
  }
  paintGapWords(paper, scene, colours);
  for (const mark of scene.marks) {
    paper.fillStyle = mark.tone === "dim" ? colours.dim : colours[mark.tone];
    const width = paper.measureText(mark.sign).width;
    const x = xOf(scene, mark.at);
    if (x < scene.gutter - width || x > scene.width + width) continue;
    paper.fillText(mark.sign, Math.max(scene.gutter + 1, x - width / 2), axisHeight + marksHeight / 2);
  }
  paper.fillStyle = colours.strong;
  paper.fillRect(scene.gutter, topHeight - 1, scene.width, 1);
  if (scene.hoverX !== null) {
    paper.fillStyle = colours.accent;
    paper.fillRect(Math.round(scene.hoverX), axisHeight, 1, scene.height);
  }
}

function paintGapWords(paper: Paper, scene: Scene, colours: Colours): void {
  for (const gap of scene.gaps) {
    const from = Math.max(scene.gutter, xOf(scene, gap.from));
    const to = Math.min(scene.width, xOf(scene, gap.to));
    const long = duration(gap.to - gap.from);
    const all = gap.waiting ? `waited ${long}` : `quiet ${long}`;
    const words = [all, long].find((each) => paper.measureText(each).width + 26 < to - from);
    if (!words) continue;
    paper.fillStyle = gap.waiting ? colours.warn : colours.dim;
    paper.fillText(words, from + (to - from - paper.measureText(words).width) / 2, axisHeight + marksHeight / 2);
  }
}

function paintGutterHead(paper: Paper, scene: Scene, colours: Colours): void {
  paper.fillStyle = colours.dim;
  paper.fillText("Span", 10, axisHeight / 2);
  paper.fillStyle = colours.strong;
  paper.fillRect(0, topHeight - 1, scene.gutter, 1);
  paper.fillStyle = colours.line;
  paper.fillRect(scene.gutter - 1, 0, 1, scene.height);
}
