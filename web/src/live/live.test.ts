import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { type Frame, parseFrame } from "./frames";
import { Latency } from "./latency";
import { LiveSocket, type State } from "./socket";

describe("frames", () => {
  it("tells the kinds apart", () => {
    expect(parseFrame('{"seq":41,"hello":{"server":"agentmon","version":"1"}}')).toEqual({ kind: "hello", seq: 41 });
    expect(parseFrame('{"seq":42,"events":[]}')).toEqual({ kind: "events", seq: 42, events: [] });
    expect(parseFrame('{"gap":12}')).toEqual({ kind: "gap", missed: 12 });
    expect(parseFrame('{"gap":null}')).toEqual({ kind: "gap", missed: null });
    expect(parseFrame('{"seq":43,"weather":[]}')).toBeNull();
  });
});

describe("latency", () => {
  it("is unknown before the first event", () => {
    expect(new Latency().percentile(0.5)).toBeNull();
  });

  it("keeps the latest ones only, and none that was late when it was sent", () => {
    const latency = new Latency();
    latency.add(Latency.oldest);
    latency.add(Number.NaN);
    expect(latency.count).toBe(0);
    for (let each = 0; each < Latency.kept; ++each) latency.add(1000);
    for (let each = 0; each < Latency.kept; ++each) latency.add(10);
    expect(latency.percentile(0.99)).toBe(10);
  });
});

class FakeSocket extends EventTarget {
  static made: FakeSocket[] = [];
  readonly url: URL;
  constructor(url: URL) {
    super();
    this.url = url;
    FakeSocket.made.push(this);
  }
  send(frame: unknown): void {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(frame) }));
  }
  close(): void {
    this.dispatchEvent(new Event("close"));
  }
}

describe("the live socket", () => {
  let frames: Frame[];
  let states: State[];
  let socket: LiveSocket;
  const latest = (): FakeSocket => FakeSocket.made.at(-1)!;

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("WebSocket", FakeSocket);
    FakeSocket.made = [];
    frames = [];
    states = [];
    socket = new LiveSocket(
      new URL("ws://here/v1/ws"),
      (frame) => frames.push(frame),
      (state) => states.push(state),
    );
  });
  afterEach(() => {
    socket.stop();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("comes back behind the last frame that was seen", () => {
    latest().send({ seq: 7, hello: {} });
    latest().send({ seq: 9, events: [] });
    latest().close();
    expect(states).toEqual(["live", "connecting"]);
    vi.runOnlyPendingTimers();
    expect(FakeSocket.made).toHaveLength(2);
    expect(latest().url.searchParams.get("since")).toBe("9");
    latest().send({ seq: 12, hello: {} });
    latest().close();
    vi.runOnlyPendingTimers();
    expect(latest().url.searchParams.get("since")).toBe("9");
  });

  it("counts anew with a server that was started anew", () => {
    latest().send({ seq: 900, hello: {} });
    latest().close();
    vi.runOnlyPendingTimers();
    latest().send({ seq: 3, hello: {} });
    latest().close();
    vi.runOnlyPendingTimers();
    expect(latest().url.searchParams.get("since")).toBe("3");
  });

  it("says that it is lost when coming back fails, and goes on trying", () => {
    latest().send({ seq: 1, hello: {} });
    for (let attempt = 0; attempt < 8; ++attempt) {
      latest().close();
      vi.advanceTimersByTime(10_000);
    }
    expect(states.slice(0, 3)).toEqual(["live", "connecting", "lost"]);
    expect(FakeSocket.made.length).toBe(9);
  });

  it("gives up a socket that does not open", () => {
    vi.advanceTimersByTime(10_000);
    vi.advanceTimersByTime(10_000);
    expect(FakeSocket.made.length).toBeGreaterThan(1);
  });

  it("is silent when it was stopped", () => {
    socket.stop();
    vi.advanceTimersByTime(60_000);
    expect(FakeSocket.made).toHaveLength(1);
    expect(states).toEqual([]);
  });
});
