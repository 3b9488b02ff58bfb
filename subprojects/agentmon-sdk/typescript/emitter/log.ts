import { appendFileSync, readFileSync, renameSync } from "node:fs";

import { limits } from "./limits.ts";

/** Says what is wrong, in one line, once: a message that was the last one is not repeated. Never throws. */
export type Log = (message: string) => void;

/** Writes to standard error, which agents put into their own log. */
export function logToStandardError(): Log {
  let last = "";
  return (message) => {
    if (message === last) return;
    last = message;
    try {
      process.stderr.write(`[agentmon] ${message}\n`);
    } catch {
      // There is nobody left to tell.
    }
  };
}

/** Appends to a file that several processes share. */
export function logToFile(file: string): Log {
  return (message) => {
    try {
      const text = readFileSync(file, { encoding: "utf8", flag: "a+" });
      if (text.trimEnd().endsWith(` ${message}`)) return;
      if (text.length > limits.logBytes) renameSync(file, `${file}.1`);
      appendFileSync(file, `${new Date().toISOString()} ${message}\n`, { mode: 0o600 });
    } catch {
      // A full or read-only disk: the agent must not suffer from it.
    }
  };
}

/** The words of whatever was thrown, without the name of a file: each event has one of its own, and what is wrong is to be
 * said once. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, path }: NodeJS.ErrnoException = error.cause instanceof Error && error.cause.message ? error.cause : error;
  return path === undefined ? message : message.replace(/, \w+ '.*$/s, "");
}
