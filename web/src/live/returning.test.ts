import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { live } from "./live.svelte";

class FakeSocket extends EventTarget {
  static made: FakeSocket[] = [];
  constructor() {
    super();
    FakeSocket.made.push(this);
  }
  send(frame: unknown): void {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(frame) }));
  }
  close(): void {
    this.dispatchEvent(new Event("close"));
  }
}
const latest = (): FakeSocket => {
  const socket = FakeSocket.made.at(-1);
  if (!socket) throw new Error("no socket was opened");
  return socket;
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a connection that was lost", () => {
  it("tells how long, and when it is back whether something was missed", () => {
    const gaps: boolean[] = [];
    live.subscribe(({ gap }) => gaps.push(gap));
    live.start();
    latest().send({ seq: 5, hello: {} });
    vi.advanceTimersByTime(20);
    expect(gaps, "what was stored before the feed began is asked for").toEqual([true]);
    expect([live.state, live.lostSince, live.resumed]).toEqual(["live", null, null]);

    latest().close();
    expect(live.lostSince).not.toBeNull();
    vi.advanceTimersByTime(1_000);
    latest().send({ seq: 6, hello: {} });
    expect(live.lostSince).toBeNull();
    latest().send({ seq: 6, events: [] });
    expect(live.resumed).toMatchObject({ after: 1_000, missed: false });
    vi.advanceTimersByTime(20);
    expect(gaps, "and only then").toEqual([true, false]);

    latest().close();
    vi.advanceTimersByTime(2_000);
    latest().send({ seq: 90, hello: {} });
    latest().send({ gap: 80 });
    expect(live.resumed).toMatchObject({ after: 2_000, missed: true });
    expect(live.missed).toEqual({ gaps: 1, frames: 80, unknown: false });

    live.forgetMissed();
    expect(live.missed.gaps).toBe(0);
  });

  it("a gap later on is told, and is not the loss's", () => {
    latest().close();
    vi.advanceTimersByTime(500);
    latest().send({ seq: 91, hello: {} });
    latest().send({ seq: 92, events: [] });
    latest().send({ gap: null });
    expect(live.resumed?.missed).toBe(false);
    expect(live.missed).toEqual({ gaps: 1, frames: 0, unknown: true });
  });

  it("or never came is told with how long it is away, and is no return", async () => {
    vi.resetModules();
    const { live } = await import("./live.svelte");
    live.start();
    latest().close();
    expect([live.state, live.lostSince], "it may have been the first moment").toEqual(["connecting", null]);
    vi.advanceTimersByTime(1_000);
    latest().close();
    expect([live.state, live.lostSince]).toEqual(["lost", Date.now()]);
    vi.advanceTimersByTime(1_000);
    latest().send({ seq: 1, hello: {} });
    expect([live.state, live.lostSince, live.resumed]).toEqual(["live", null, null]);
  });
});
