import { isKeyName, type KeyName, keyNames, quoted, splitTerm, statuses, termsOf } from "./query";

/** The values that are known of each key. */
export type Known = Record<"framework" | "agent" | "host", readonly string[]>;

/** Puts `insert` in place of the text from `start` to `end`. */
export interface Suggestion {
  label: string;
  hint: string;
  insert: string;
  start: number;
  end: number;
}

/** More would cover the list, and typing one more letter is quicker than reading. */
const most = 8;

const hints: Record<KeyName, string> = {
  framework: "the kind of agent",
  agent: "which installation of it",
  host: "the machine it runs on",
  status: "one or several, as error,waiting",
  order: "attention: waiting and failing first",
};

/** What could be meant by the term that the cursor is in. */
export function suggest(text: string, caret: number, known: Known): Suggestion[] {
  const term = termsOf(text).find(({ start, end }) => start < caret && caret <= end);
  const start = term?.start ?? caret;
  const end = term?.end ?? caret;
  const typed = text.slice(start, caret);
  const split = splitTerm(typed);
  if (split) return isKeyName(split.key) ? valuesOf(split.key, split.value, known, start, end) : [];
  const keys = keyNames
    .filter((key) => key.startsWith(typed.toLowerCase()))
    .map((key) => ({ label: `${key}:`, hint: hints[key], insert: `${key}:`, start, end }));
  const values = typed === "" ? [] : keyNames.flatMap((key) => valuesOf(key, typed, known, start, end, "of any key"));
  return [...keys, ...values].slice(0, most);
}

function valuesOf(
  key: KeyName,
  typed: string,
  known: Known,
  start: number,
  end: number,
  from: "of this key" | "of any key" = "of this key",
): Suggestion[] {
  // Of several statuses the last one is being typed.
  const before = key === "status" && from === "of this key" ? typed.slice(0, typed.lastIndexOf(",") + 1) : "";
  const beginning = typed.slice(before.length).toLowerCase();
  const chosen = before.split(",");
  return candidates(key, known)
    .filter((value) => value.toLowerCase().startsWith(beginning) && !chosen.includes(value))
    .map((value) => ({
      label: `${key}:${before}${value}`,
      hint: "",
      insert: `${key}:${key === "status" ? before + value : quoted(value)} `,
      start,
      end,
    }))
    .slice(0, most);
}

function candidates(key: KeyName, known: Known): readonly string[] {
  if (key === "status") return statuses;
  if (key === "order") return ["attention", "newest"];
  return known[key];
}

/** The text with a suggestion taken, and where the cursor is then. */
export function accept(text: string, { insert, start, end }: Suggestion): { text: string; caret: number } {
  const after = text.slice(end);
  const tail = insert.endsWith(" ") ? after.trimStart() : after;
  return { text: text.slice(0, start) + insert + tail, caret: start + insert.length };
}
