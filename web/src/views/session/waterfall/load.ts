import type { Extent } from "../model/extent";
import type { Colours } from "./colours";
import { xOf } from "./scene";

/** A reading of the machine; parts from 0 to 1, null: unknown. */
export interface Reading {
  at: number;
  cpu: number | null;
  memory: number | null;
  memoryBytes: number | null;
}

interface Picture {
  readings: readonly Reading[];
  shown: Extent;
  gutter: number;
  width: number;
  /** Readings further apart are not joined. */
  farthest: number;
}

export const rowHeight = 36;
const air = 4;

/** The reading that tells most of a time; null when none is near. */
export function nearest(readings: readonly Reading[], at: number, farthest: number): Reading | null {
  let best: Reading | null = null;
  for (const reading of readings) if (!best || Math.abs(reading.at - at) < Math.abs(best.at - at)) best = reading;
  return best && Math.abs(best.at - at) <= farthest ? best : null;
}

/** The stretches in which a line may be drawn: without unknown values and without long silence. */
export function stretches(
  readings: readonly Reading[],
  valueOf: (reading: Reading) => number | null,
  farthest: number,
): { at: number; value: number }[][] {
  const list: { at: number; value: number }[][] = [];
  let current: { at: number; value: number }[] = [];
  for (const reading of readings) {
    const value = valueOf(reading);
    const last = current.at(-1);
    if (value === null || (last && reading.at - last.at > farthest)) {
      if (current.length > 0) list.push(current);
      current = [];
    }
    if (value !== null) current.push({ at: reading.at, value });
  }
  if (current.length > 0) list.push(current);
  return list;
}

export function paintLoad(paper: CanvasRenderingContext2D, picture: Picture, colours: Colours): void {
  paper.save();
  paper.beginPath();
  paper.rect(picture.gutter, 0, picture.width - picture.gutter, 2 * rowHeight);
  paper.clip();
  paintLine(paper, picture, 0, colours.accent, (reading) => reading.cpu);
  paintLine(paper, picture, rowHeight, colours.kinds.subagent, (reading) => reading.memory);
  paper.restore();
  paper.fillStyle = colours.line;
  paper.fillRect(0, rowHeight, picture.width, 1);
  paper.fillRect(picture.gutter - 1, 0, 1, 2 * rowHeight);
}

function paintLine(
  paper: CanvasRenderingContext2D,
  picture: Picture,
  top: number,
  colour: string,
  valueOf: (reading: Reading) => number | null,
): void {
  const yOf = (value: number): number => top + rowHeight - air - Math.min(1, value) * (rowHeight - 2 * air);
  for (const points of stretches(picture.readings, valueOf, picture.farthest)) {
    const [first, last] = [points[0], points.at(-1)];
    if (!first || !last) continue;
    paper.beginPath();
    for (const { at, value } of points) paper.lineTo(xOf(picture, at), yOf(value));
    paper.strokeStyle = colour;
    paper.lineWidth = 1.5;
    paper.stroke();
    paper.lineTo(xOf(picture, last.at), top + rowHeight);
    paper.lineTo(xOf(picture, first.at), top + rowHeight);
    paper.fillStyle = colour;
    paper.globalAlpha = 0.12;
    paper.fill();
    paper.globalAlpha = 1;
    for (const { at, value } of points) paper.fillRect(xOf(picture, at) - 1.5, yOf(value) - 1.5, 3, 3);
  }
}
