import uFuzzy from "@leeoniya/ufuzzy";

export const kinds = ["View", "Session", "Agent", "Tool", "Action"] as const;
export type Kind = (typeof kinds)[number];

/** One thing to go to or to do. */
export interface Entry {
  id: string;
  kind: Kind;
  title: string;
  detail: string;
  /** The keys that do the same. */
  keys?: string;
  run: () => void;
}

export interface Found {
  entry: Entry;
  /** The title, with what was found marked. */
  parts: readonly { text: string; hit: boolean }[];
}

/** So many of a kind are offered. */
const shownOfKind: Record<Kind, number> = { View: 5, Session: 6, Agent: 5, Tool: 5, Action: 6 };
/** Of longer texts the rest is neither searched nor shown. */
const longestText = 160;

/** One slip of the finger in a word is forgiven. */
const fuzzy = new uFuzzy({ intraMode: 1 });

const whole = (entry: Entry): Found => ({ entry, parts: [{ text: entry.title.slice(0, longestText), hit: false }] });

/** Those that fit, the best of each kind first; all as they stand when nothing was typed. Sessions were searched by the
 * server already. */
export function find(entries: readonly Entry[], typed: string): Found[] {
  const needle = typed.trim();
  return kinds.flatMap((kind) => {
    const ofKind = entries.filter((entry) => entry.kind === kind);
    const found = needle === "" || kind === "Session" ? ofKind.map(whole) : match(ofKind, needle);
    return found.slice(0, shownOfKind[kind]);
  });
}

function match(entries: readonly Entry[], needle: string): Found[] {
  const texts = entries.map(({ title, detail }) => `${title} ${detail}`.slice(0, longestText));
  const [indices, info, order] = fuzzy.search(texts, needle, 1);
  // No letter or digit that it knows: look for the signs as they are.
  if (!indices) return entries.filter((_, at) => texts[at]?.toLowerCase().includes(needle.toLowerCase())).map(whole);
  const ranked = info
    ? order.map((at) => ({ index: info.idx[at] ?? 0, ranges: info.ranges[at] ?? [] }))
    : indices.map((index) => ({ index, ranges: [] }));
  return ranked.flatMap(({ index, ranges }) => {
    const entry = entries[index];
    return entry ? [{ entry, parts: partsOf(entry.title.slice(0, longestText), ranges) }] : [];
  });
}

/** `ranges`: begins and ends in turn, in the title with what follows it. */
export function partsOf(title: string, ranges: readonly number[]): Found["parts"] {
  const parts: { text: string; hit: boolean }[] = [];
  const add = (from: number, to: number, hit: boolean): void => {
    const text = title.slice(from, to);
    if (text) parts.push({ text, hit });
  };
  let done = 0;
  for (let at = 0; at + 1 < ranges.length; at += 2) {
    const [from, to] = [ranges[at] ?? 0, ranges[at + 1] ?? 0];
    add(done, from, false);
    add(from, to, true);
    done = to;
  }
  add(done, title.length, false);
  return parts;
}

/** The entry `by` further, round from the last to the first. */
export function moved(active: number, by: number, count: number): number {
  return count === 0 ? -1 : (((active + by) % count) + count) % count;
}
