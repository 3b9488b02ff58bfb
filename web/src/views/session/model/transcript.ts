import { momentOf } from "./moment";
import { type Node, type Tree } from "./tree";
import type { EventOutline } from "./types";

/** A line of the conversation: something that was done, or something that was said. */
export type Line =
  | { kind: "span"; key: string; at: number; depth: number; node: Node }
  | { kind: "event"; key: string; at: number; depth: number; event: EventOutline };

/** The conversation in the order it happened. Spans with others in them are one line until `opened` has them. */
export function linesOf(tree: Tree, events: readonly EventOutline[], opened: ReadonlySet<string>): Line[] {
  const placed = new Map<Node | null, EventOutline[]>();
  for (const event of events) {
    const place = placeOf(tree, event);
    const others = placed.get(place);
    if (others) others.push(event);
    else placed.set(place, [event]);
  }
  const lines: Line[] = [];
  const add = (node: Node | null, depth: number): Line[] => {
    const here: Line[] = (node?.children ?? (node === null ? tree.roots : [])).map((child) => ({
      kind: "span",
      key: child.span.span_id,
      at: child.start,
      depth,
      node: child,
    }));
    for (const event of placed.get(node) ?? [])
      here.push({ kind: "event", key: event.event_id, at: momentOf(event.ts) - tree.origin, depth, event });
    return here.sort(inOrder);
  };
  const waiting = add(null, 0).toReversed();
  for (let line = waiting.pop(); line; line = waiting.pop()) {
    lines.push(line);
    if (line.kind === "span" && isOpen(line.node, tree, opened))
      for (const inner of add(line.node, line.depth + 1).toReversed()) waiting.push(inner);
  }
  return lines;
}

/** What is told of a span stands in it; the question stands first and the answer last, whatever the clocks say. */
const rank = (line: Line): number =>
  line.kind === "span" ? 0 : line.event.type === "run.start" ? -1 : line.event.type === "run.end" ? 1 : 0;
const inOrder = (one: Line, other: Line): number => rank(one) - rank(other) || one.at - other.at;

/** Beside a span that has nothing in it, so that it is seen without opening anything. */
function placeOf(tree: Tree, event: EventOutline): Node | null {
  const node = event.span_id === null ? undefined : tree.byId.get(event.span_id);
  if (!node) return null;
  return node.children.length > 0 ? node : node.parent;
}

/** One span around all the others is a wrapper: what is in it is shown at once. `opened` holds what the user changed. */
export function isOpen(node: Node, tree: Tree, opened: ReadonlySet<string>): boolean {
  const wraps = tree.roots.length === 1 && node === tree.roots[0] && node.span.kind !== "subagent";
  return opened.has(node.span.span_id) !== wraps;
}

/** What a closed card says of what is in it: "12 steps, 2 failed". */
export function insideWords(node: Node): string {
  const steps = node.inside === 1 ? "1 step" : `${node.inside.toLocaleString("en")} steps`;
  return node.errorsInside > 0 ? `${steps}, ${node.errorsInside.toLocaleString("en")} failed` : steps;
}
