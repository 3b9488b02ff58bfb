import { momentOf } from "./moment";
import type { RunOutline, SpanOutline } from "./types";

/** A span in its place. Times are milliseconds since the run's origin. */
export interface Node {
  readonly span: SpanOutline;
  readonly start: number;
  /** Null: no end is known; the span goes on, or its end was never told. */
  readonly end: number | null;
  parent: Node | null;
  children: Node[];
  depth: number;
  /** Where it stands in `all`. */
  index: number;
  /** How many spans are in it, at any depth, and how many of these failed. */
  inside: number;
  errorsInside: number;
}

export interface Tree {
  /** When the run began, in milliseconds since 1970. */
  readonly origin: number;
  /** The last that is known of the run, since its origin. */
  readonly last: number;
  readonly roots: readonly Node[];
  /** Depth first, those of one parent in the order they began. */
  readonly all: readonly Node[];
  readonly byId: ReadonlyMap<string, Node>;
  readonly depth: number;
}

/** Puts spans into their parents. A parent that is not there, or is its own descendant, is no parent. */
export function treeOf(run: RunOutline): Tree {
  const times = run.spans.map(timesOf);
  let origin = momentOf(run.first_ts);
  for (const time of times) if (time && time.start < origin) origin = time.start;
  const nodes = run.spans.map((span, at) => nodeOf(span, times[at] ?? null, origin));
  const byId = new Map(nodes.map((node) => [node.span.span_id, node]));
  for (const node of nodes) node.parent = byId.get(node.span.parent_span_id ?? "") ?? null;
  cutCircles(nodes);
  for (const node of nodes) node.parent?.children.push(node);
  const roots = nodes.filter((node) => node.parent === null).sort(byStart);
  const all = ordered(roots);
  let last = momentOf(run.last_ts) - origin;
  for (const node of all) last = Math.max(last, node.end ?? node.start);
  return { origin, last, roots, all, byId, depth: all.reduce((most, node) => Math.max(most, node.depth), 0) };
}

function timesOf({ started_at, ended_at, duration_ms }: SpanOutline): { start: number; end: number | null } | null {
  const started = started_at === null ? null : momentOf(started_at);
  const ended = ended_at === null ? null : momentOf(ended_at);
  if (started !== null) {
    // Clocks of two machines may differ: an end never stands before its start.
    if (ended !== null) return { start: started, end: Math.max(started, ended) };
    return { start: started, end: duration_ms === null ? null : started + duration_ms };
  }
  return ended === null ? null : { start: ended - (duration_ms ?? 0), end: ended };
}

function nodeOf(span: SpanOutline, times: { start: number; end: number | null } | null, origin: number): Node {
  return {
    span,
    start: times ? times.start - origin : 0,
    end: times?.end == null ? null : times.end - origin,
    parent: null,
    children: [],
    depth: 0,
    index: 0,
    inside: 0,
    errorsInside: 0,
  };
}

const byStart = (one: Node, other: Node): number => one.start - other.start;

/** A span that is its own ancestor becomes a root. */
function cutCircles(nodes: readonly Node[]): void {
  const sound = new Set<Node>();
  for (const node of nodes) {
    const way = new Set<Node>();
    let each: Node | null = node;
    for (; each && !sound.has(each) && !way.has(each); each = each.parent) way.add(each);
    if (each && way.has(each)) each.parent = null;
    for (const passed of way) sound.add(passed);
  }
}

/** Sets depth, index and what is inside. Runs of 10,000 nested spans must not end the stack, so nothing calls itself. */
function ordered(roots: readonly Node[]): Node[] {
  const all: Node[] = [];
  const waiting = roots.toReversed();
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    node.index = all.length;
    node.depth = node.parent ? node.parent.depth + 1 : 0;
    all.push(node);
    node.children.sort(byStart);
    for (const child of node.children.toReversed()) waiting.push(child);
  }
  for (const node of all.toReversed()) {
    if (!node.parent) continue;
    node.parent.inside += node.inside + 1;
    node.parent.errorsInside += node.errorsInside + (failed(node) ? 1 : 0);
  }
  return all;
}

export const failed = (node: Node): boolean => node.span.status === "error" || node.span.error !== null;

/** The spans that are not in a collapsed one. */
export function visible(tree: Tree, collapsed: ReadonlySet<string>): readonly Node[] {
  if (collapsed.size === 0) return tree.all;
  const rows: Node[] = [];
  for (let at = 0; at < tree.all.length; at += 1) {
    const node = tree.all[at];
    if (!node) break;
    rows.push(node);
    if (collapsed.has(node.span.span_id)) at += node.inside;
  }
  return rows;
}

/** The first failed span behind this one, from the beginning again after the last. */
export function nextError(tree: Tree, from: Node | null): Node | null {
  const start = from ? from.index + 1 : 0;
  for (let step = 0; step < tree.all.length; step += 1) {
    const node = tree.all[(start + step) % tree.all.length];
    if (node && failed(node)) return node;
  }
  return null;
}

/** In what it is, from the outside in. */
export function ancestors(node: Node): Node[] {
  const list: Node[] = [];
  for (let parent = node.parent; parent; parent = parent.parent) list.unshift(parent);
  return list;
}

export const nameOf = (span: SpanOutline): string => span.name ?? span.kind ?? "span";

const kinds = ["tool", "model", "compaction", "subagent"] as const;
export type Kind = (typeof kinds)[number] | "other";
export const kindOf = (span: SpanOutline): Kind => kinds.find((kind) => kind === span.kind) ?? "other";
