import { describe, expect, it } from "vitest";

import { type Entry, find, type Kind, moved, partsOf } from "./palette";

const entry = (kind: Kind, title: string, detail = ""): Entry => ({
  id: `${kind} ${title}`,
  kind,
  title,
  detail,
  run: () => {},
});
const titles = (entries: readonly Entry[], typed: string): string[] =>
  find(entries, typed).map((found) => found.entry.title);

describe("the palette", () => {
  const entries = [
    entry("Action", "Use the dark theme"),
    entry("Tool", "web_search", "112 calls"),
    entry("Agent", "zap", "openclaw"),
    entry("View", "OpenClaw"),
    entry("View", "Sessions"),
  ];

  it("finds by words in any order, in the detail too", () => {
    expect(titles(entries, "theme dark")).toEqual(["Use the dark theme"]);
    expect(titles(entries, "openclaw")).toEqual(["OpenClaw", "zap"]);
  });

  it("forgives a slip", () => {
    expect(titles(entries, "sesions")).toEqual(["Sessions"]);
  });

  it("offers all when nothing was typed, by kind", () => {
    expect(titles(entries, " ")).toEqual(["OpenClaw", "Sessions", "zap", "web_search", "Use the dark theme"]);
  });

  it("keeps what the server found, whatever its title", () => {
    expect(titles([entry("Session", "Something else")], "disk")).toEqual(["Something else"]);
  });

  it("finds signs that are no letters as they are", () => {
    expect(titles([entry("Tool", "検索"), entry("Tool", "書く")], "検索")).toEqual(["検索"]);
    expect(titles(entries, "((")).toEqual([]);
  });

  it("marks what was found in the title only", () => {
    expect(partsOf("web_search", [0, 3, 14, 16])).toEqual([
      { text: "web", hit: true },
      { text: "_search", hit: false },
    ]);
    expect(find(entries, "search")[0]?.parts).toContainEqual({ text: "search", hit: true });
  });

  it("goes round", () => {
    expect([moved(0, -1, 3), moved(2, 1, 3), moved(0, 1, 0)]).toEqual([2, 0, -1]);
  });
});
