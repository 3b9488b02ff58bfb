import { describe, expect, it } from "vitest";

import type { Envelope } from "../../api/types";
import { eventWords, hasFailed } from "./eventWords";

const event = (type: string, payload?: Envelope["payload"]): Envelope => ({
  event: { id: "e", type, ts: "2026-11-23T12:00:00Z", source: { framework: "codex" } },
  payload: payload ?? null,
});

describe("what the feed says of an event", () => {
  it("a tool call that failed: its name, how long, the error", () => {
    const failed = event("span.end", {
      kind: "tool",
      name: "exec",
      status: "error",
      duration_ms: 1180.5,
      input: { command: "du" },
      error: { type: "exit", message: "du: Permission denied" },
    });
    expect(hasFailed(failed)).toBe(true);
    expect(eventWords(failed)).toEqual({
      sign: "✕",
      tone: "bad",
      what: "exec",
      took: "1.2 s",
      figures: "",
      detail: "du: Permission denied",
    });
  });

  it("a model call: tokens and cost, with what is unknown left out", () => {
    const words = eventWords(
      event("span.end", {
        kind: "model",
        name: "gpt-5",
        status: "success",
        usage: { input_tokens: 1000, output_tokens: null, cost_usd: 0.004 },
      }),
    );
    expect(words).toMatchObject({ what: "model gpt-5", took: "", figures: "1,000 tokens · $0.004" });
  });

  it("one who waits stands out", () => {
    expect(eventWords(event("run.waiting", { message: "May I?" }))).toMatchObject({
      tone: "warn",
      what: "waits for you",
      detail: "May I?",
    });
  });

  it("a machine that is down stands out; one that runs does not", () => {
    expect(eventWords(event("openclaw.snapshot", { state: "shutoff" })).tone).toBe("warn");
    expect(eventWords(event("openclaw.snapshot", { state: "running", cpu_percent: 12.5, issues: [] }))).toMatchObject({
      tone: "dim",
      what: "machine running",
      figures: "CPU 13 %",
    });
  });

  it("an unknown type is a plain event with its payload", () => {
    expect(eventWords(event("deploy.done", { where: "here" }))).toMatchObject({
      what: "deploy.done",
      detail: '{"where":"here"}',
    });
  });

  it("survives payloads of any shape", () => {
    for (const type of ["span.end", "run.start", "error", "openclaw.snapshot", "any"])
      for (const payload of [
        undefined,
        {},
        { error: "text", usage: 3, name: { a: 1 }, duration_ms: "x", status: [], issues: "no", state: 4 },
        { duration_ms: Number.NaN, usage: { input_tokens: -1 }, error: { message: { deep: true } } },
      ]) {
        const words = eventWords(event(type, payload));
        expect(Object.values(words).every((value) => typeof value === "string")).toBe(true);
      }
  });
});
