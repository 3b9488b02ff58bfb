import type { Node } from "./tree";

export interface Sorting {
  by: "start" | "duration";
  down: boolean;
}

/** "duration", "-duration", "-start"; anything else is by start. */
export function parseSorting(text: string | null): Sorting {
  const down = text?.startsWith("-") ?? false;
  return { by: text?.endsWith("duration") ? "duration" : "start", down };
}

/** Those with all the words of `find`, sorted; a duration that is unknown stands last either way. */
export function sorted(nodes: readonly Node[], { by, down }: Sorting, find: string): readonly Node[] {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const found = words.length === 0 ? nodes : nodes.filter((node) => has(node, words));
  const sign = down ? -1 : 1;
  if (by === "start") return found.toSorted((one, other) => sign * (one.start - other.start));
  return found.toSorted((one, other) => {
    const [a, b] = [one.span.duration_ms, other.span.duration_ms];
    if (a === null || b === null) return (a === null ? 1 : 0) - (b === null ? 1 : 0);
    return sign * (a - b);
  });
}

function has({ span }: Node, words: readonly string[]): boolean {
  const texts = [span.name, span.kind, span.status, span.model, span.input_preview, span.output_preview, span.error];
  const text = texts.filter(Boolean).join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}
