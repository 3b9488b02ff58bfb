import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** More is not read of a transcript at once. */
const mostBytes = 64 * 1024 * 1024;
/** The first line of Codex's transcripts holds the model's instructions. */
const headBytes = 1024 * 1024;

export type Line = Readonly<Record<string, unknown>>;

/** Bytes of the transcript now; 0 when there is none. */
export function sizeOf(path: unknown): number {
  if (typeof path !== "string") return 0;
  try {
    return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  } catch {
    return 0;
  }
}

/** Can there be such a file, now or in a moment? */
export function folderExists(path: unknown): path is string {
  return typeof path === "string" && existsSync(dirname(path));
}

/** The lines of a JSONL file from a position on, of a very long one the last; a line that is not finished is left out.
 * Empty when it cannot be read. */
export function readLines(path: unknown, from: number): Line[] {
  return readPart(path, (size) => ({ start: Math.max(from, size - mostBytes), end: size }));
}

/** The first line of a JSONL file. */
export function firstLine(path: unknown): Line | undefined {
  return readPart(path, (size) => ({ start: 0, end: Math.min(size, headBytes) }))[0];
}

function readPart(path: unknown, which: (size: number) => { start: number; end: number }): Line[] {
  if (typeof path !== "string") return [];
  try {
    const descriptor = openSync(path, "r");
    try {
      const { start, end } = which(fstatSync(descriptor).size);
      const buffer = Buffer.alloc(Math.max(0, end - start));
      return parseLines(buffer.toString("utf8", 0, readSync(descriptor, buffer, 0, buffer.length, start)));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return [];
  }
}

function parseLines(text: string): Line[] {
  const lines: Line[] = [];
  for (const line of text.split("\n")) {
    if (!line.startsWith("{")) continue;
    try {
      lines.push(JSON.parse(line) as Line);
    } catch {
      // Half a line, at the end or where the reading began.
    }
  }
  return lines;
}
