import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Answer, Problem } from "./ask";
import { Resource } from "./resource.svelte";

const away: Problem = { status: 503, message: "Away." };
const wrong: Problem = { status: 400, message: "Wrong." };

/** Answers one after the other; the last one stays. */
function answering(...answers: Answer<number>[]): { resource: Resource<number>; asked: () => number } {
  let count = 0;
  const resource = new Resource(() => Promise.resolve(answers[Math.min(count++, answers.length - 1)]!));
  return { resource, asked: () => count };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a question that was not answered", () => {
  it("is asked again by itself, ever less often, until it is", async () => {
    const problem = { ok: false, problem: away } as const;
    const { resource, asked } = answering(problem, problem, problem, { ok: true, value: 7 });
    await resource.again();
    expect([resource.problem, resource.loading]).toEqual([away, false]);
    await vi.advanceTimersByTimeAsync(2_000);
    await vi.advanceTimersByTimeAsync(4_000);
    expect([asked(), resource.problem]).toEqual([3, away]);
    await vi.advanceTimersByTimeAsync(7_999);
    expect(asked()).toBe(3);
    await vi.advanceTimersByTimeAsync(1);
    expect([resource.value, resource.problem]).toEqual([7, null]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked()).toBe(4);
  });

  it("is not, when it is wrong or its view is gone", async () => {
    const refused = answering({ ok: false, problem: wrong });
    await refused.resource.again();
    const left = answering({ ok: false, problem: away });
    await left.resource.again();
    left.resource.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([refused.asked(), left.asked()]).toEqual([1, 1]);
  });

  it("is asked again as soon as another one is answered that was not before", async () => {
    const problem = { ok: false, problem: away } as const;
    const late = answering(problem, problem, { ok: true, value: 1 });
    await late.resource.again();
    await vi.advanceTimersByTimeAsync(2_000);
    const early = answering(problem, { ok: true, value: 2 });
    await early.resource.again();
    await vi.advanceTimersByTimeAsync(2_000);
    expect([early.resource.value, late.resource.value, late.asked()]).toEqual([2, 1, 3]);
    const other = answering(problem);
    await other.resource.again();
    await early.resource.again();
    expect(other.asked(), "an answer like any other tells nothing").toBe(1);
    other.resource.stop();
  });
});
