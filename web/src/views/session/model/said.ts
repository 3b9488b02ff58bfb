import { textOf } from "../../../words/text";

/** What a payload says under these keys, in their order: an error's message, and the first of the others. */
export function saidIn(
  payload: Readonly<Record<string, unknown>>,
  keys: readonly string[],
): { key: string; text: string }[] {
  const parts: { key: string; text: string }[] = [];
  for (const key of keys) {
    const text = wordsOf(payload[key]);
    if (text === "") continue;
    parts.push({ key, text });
    if (key !== "error") break;
  }
  return parts;
}

/** Agents send a text, or an object that has one. */
function wordsOf(value: unknown): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return textOf(value);
  for (const key of ["text", "message", "prompt", "content"]) {
    const inner: unknown = Reflect.get(value, key);
    if (typeof inner === "string") return inner;
  }
  return textOf(value);
}
