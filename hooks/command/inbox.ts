import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

/** What an agent said to one of its hooks. */
export interface Arrival {
  /** The file's name: when it was said, then by which process. */
  id: string;
  file: string;
  /** When it was said: milliseconds since 1970, with fractions. */
  at: number;
  payload: Readonly<Record<string, unknown>>;
}

/** A file that is no JSON after this time will never be: its writer was killed, or the disk was full. */
const unfinishedMs = 20_000;

/** All that was said and not yet told, oldest first. A file that is still being written is left for later. */
export function arrivals(folder: string): Arrival[] {
  const found: Arrival[] = [];
  for (const name of readdirSync(folder).sort()) {
    const [, micros] = /^(\d{16})-\d+$/.exec(name) ?? [];
    if (micros === undefined) continue;
    const file = join(folder, name);
    const status = statSync(file, { throwIfNoEntry: false });
    if (!status?.isFile()) continue;
    const payload = read(file);
    if (payload) found.push({ id: name, file, at: Number(micros) / 1000, payload });
    else if (Date.now() - status.mtimeMs > unfinishedMs) rmSync(file, { force: true });
  }
  return found;
}

function read(file: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
