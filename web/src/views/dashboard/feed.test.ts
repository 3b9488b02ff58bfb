import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Envelope } from "../../api/types";
import { Feed, isShown, linesKept } from "./feed.svelte";

const event = (id: string, type = "span.end", payload: Record<string, unknown> = {}): Envelope => ({
  event: { id, type, ts: "2026-11-23T12:00:00Z", source: { framework: "codex" } },
  payload,
});
const ids = (feed: Feed): string[] => feed.lines.map((line) => line.event.id);

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe("the feed", () => {
  it("shows what comes on top of what was stored, each event once", () => {
    const feed = new Feed();
    feed.take([event("live")]);
    feed.begin([event("live"), event("stored")]);
    feed.take([event("stored"), event("a"), event("b")]);
    vi.runAllTimers();
    expect(ids(feed)).toEqual(["b", "a", "live", "stored"]);
  });

  it("shows one alone at once, and a storm in bundles", () => {
    const feed = new Feed();
    feed.take([event("1")]);
    expect(ids(feed)).toEqual(["1"]);
    feed.take([event("2")]);
    feed.take([event("3")]);
    expect(ids(feed)).toEqual(["1"]);
    vi.runAllTimers();
    expect(ids(feed)).toEqual(["3", "2", "1"]);
  });

  it("shows so many at once seldom, and only the latest", () => {
    const feed = new Feed();
    const storm = (from: number) => feed.take(Array.from({ length: 2 * linesKept }, (_, at) => event(`${from + at}`)));
    storm(0);
    expect(feed.lines).toHaveLength(linesKept);
    storm(1_000);
    vi.advanceTimersByTime(500);
    expect(ids(feed)[0]).toBe(`${2 * linesKept - 1}`);
    vi.advanceTimersByTime(200);
    expect(ids(feed)[0]).toBe(`${1_000 + 2 * linesKept - 1}`);
  });

  it("stands still while it is held, counts, and then shows all", () => {
    const feed = new Feed();
    feed.begin([event("old")]);
    feed.hold();
    feed.take([event("1")]);
    feed.take([event("1"), event("2")]);
    vi.runAllTimers();
    expect(ids(feed)).toEqual(["old"]);
    expect(feed.heldBack).toBe(2);
    feed.letGo();
    expect(ids(feed)).toEqual(["2", "1", "old"]);
    expect(feed.heldBack).toBe(0);
  });

  it("is held in the middle of a storm: what waits then is not shown", () => {
    const feed = new Feed();
    feed.take([event("1")]);
    feed.take([event("2")]);
    feed.hold();
    vi.runAllTimers();
    expect(ids(feed)).toEqual(["1"]);
    feed.letGo();
    expect(ids(feed)).toEqual(["2", "1"]);
  });

  it("keeps a bounded number of lines, shown and held back, and still counts all", () => {
    const feed = new Feed();
    const many = Array.from({ length: linesKept + 50 }, (_, at) => event(`e${at}`));
    feed.hold();
    feed.take(many);
    expect(feed.heldBack).toBe(linesKept + 50);
    feed.letGo();
    expect(feed.lines).toHaveLength(linesKept);
    expect(feed.lines[0]?.event.id).toBe(`e${linesKept + 49}`);
  });

  it("shows work, errors or everything", () => {
    const machine = event("m", "openclaw.snapshot");
    const failed = event("f", "span.end", { status: "error" });
    expect([isShown(machine, "work"), isShown(machine, "all"), isShown(machine, "errors")]).toEqual([
      false,
      true,
      false,
    ]);
    expect([isShown(failed, "work"), isShown(failed, "errors")]).toEqual([true, true]);
  });
});
