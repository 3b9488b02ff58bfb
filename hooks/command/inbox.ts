import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

/** What an agent said to one of its hooks. */
export interface Arrival {
  /** Of the file and its time: the same however often it is read. */
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
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    const status = statSync(file, { throwIfNoEntry: false });
    if (!status?.isFile()) continue;
    const payload = read(file);
    if (payload) found.push({ id: `${String(Math.floor(status.mtimeMs * 1000)).padStart(17, "0")}-${name}`, file, at: status.mtimeMs, payload });
    else if (Date.now() - status.mtimeMs > unfinishedMs) rmSync(file, { force: true });
  }
  // The clock of files has ticks of some milliseconds; within one the numbers of the processes tell the order.
  return found.sort((one, other) => one.at - other.at || one.file.localeCompare(other.file, "en", { numeric: true }));
}

function read(file: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
