import { limits } from "./limits.ts";
import { isSecretName, redact, redacted } from "./redact.ts";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface Cleaned {
  value: Json;
  truncated: boolean;
}

/** A copy that may leave the machine: bounded, without secrets, functions, cycles and half surrogate pairs. */
export function clean(value: unknown, characters: number = limits.contentCharacters): Cleaned {
  const work = new Cleaning(characters);
  return { value: work.copy(value, 0), truncated: work.truncated };
}

/** The same for one text. */
export function cleanText(text: string, characters: number = limits.textCharacters): Cleaned & { value: string } {
  const { head, cut } = roughCut(text, characters);
  const safe = wellFormed(redact(head));
  return safe.length <= characters
    ? { value: safe, truncated: cut }
    : { value: wellFormed(safe.slice(0, characters)), truncated: true };
}

/** A name or an id as the schema wants it: 1 to 128 printable characters; undefined when nothing is left. */
export function label(text: unknown): string | undefined {
  if (typeof text !== "string" && typeof text !== "number") return undefined;
  // eslint-disable-next-line no-control-regex
  const printable = wellFormed(String(text)).replace(/[\u0000-\u001f\u007f]/g, " ").trim();
  return printable ? Array.from(printable).slice(0, limits.idCharacters).join("") : undefined;
}

/** A secret must not survive as its own half: the text is cut later than wanted, and there only between words, so that
 * whatever stands around the final cut was seen whole by redact(). */
function roughCut(text: string, characters: number): { head: string; cut: boolean } {
  const margin = 4096;
  if (text.length <= characters + margin) return { head: text, cut: text.length > characters };
  const head = text.slice(0, characters + margin);
  const space = Math.max(head.lastIndexOf(" "), head.lastIndexOf("\n"));
  return { head: head.slice(0, space > characters ? space : characters), cut: true };
}

/** Without zero bytes and halves of surrogate pairs. */
export function wellFormed(text: string): string {
  return text.replace(/\u0000|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
}

class Cleaning {
  truncated = false;
  private left: number;
  private readonly above = new Set<object>();

  constructor(characters: number) {
    this.left = characters;
  }

  copy(value: unknown, depth: number): Json {
    switch (typeof value) {
      case "string":
        return this.text(value);
      case "number":
        return Number.isFinite(value) ? value : null;
      case "boolean":
        return value;
      case "bigint":
        return String(value);
      case "object":
        return value === null ? null : this.structure(value, depth);
      default:
        return null;
    }
  }

  private text(value: string): string {
    const done = cleanText(value, Math.max(0, Math.min(limits.textCharacters, this.left)));
    this.left -= done.value.length;
    if (done.truncated) this.truncated = true;
    return done.value;
  }

  private structure(value: object, depth: number): Json {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
    if (depth >= limits.depth || this.left <= 0 || this.above.has(value)) {
      this.truncated = true;
      return null;
    }
    this.above.add(value);
    const copy = Array.isArray(value) ? this.list(value, depth) : this.object(value, depth);
    this.above.delete(value);
    return copy;
  }

  private list(value: readonly unknown[], depth: number): Json[] {
    if (value.length > limits.elements) this.truncated = true;
    return value.slice(0, limits.elements).map((element) => this.copy(element, depth + 1));
  }

  private object(value: object, depth: number): { [key: string]: Json } {
    const copy: { [key: string]: Json } = {};
    const entries = Object.entries(value);
    if (entries.length > limits.elements) this.truncated = true;
    for (const [key, element] of entries.slice(0, limits.elements)) {
      if (typeof element === "function" || typeof element === "symbol" || element === undefined) continue;
      const name = this.text(key.slice(0, limits.idCharacters));
      copy[name] = hidesSecret(key, element) ? redacted : this.copy(element, depth + 1);
    }
    return copy;
  }
}

function hidesSecret(key: string, value: unknown): boolean {
  return isSecretName(key) && (typeof value === "string" || (typeof value === "object" && value !== null));
}
