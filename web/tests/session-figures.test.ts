import { randomUUID } from "node:crypto";

import type { Page } from "playwright-core";
import { expect, inject, test } from "vitest";

import { count, money, shortCount } from "../src/words/numbers";
import { duration } from "../src/words/times";
import { connected, overhang, useBrowser, violations } from "./browser";
import { envelope, post } from "./events";
import { isError, isToolCall, runsOf } from "./figures";
import { allStored, sql } from "./instance";

const week = inject("week");
const open = useBrowser();

interface Largest {
  session_id: string;
  run_id: string; // of its runs, one that calls a tool
  runs: number;
  tool_calls: number;
  errors: number;
  input: number | null;
  output: number | null;
  cost: number | null;
  failed_runs: number;
  took: number;
}

/** The demo's session with the most events, by SQL over the events alone. */
async function largest(): Promise<Largest> {
  const [found] = await sql<Largest>(
    week,
    `WITH largest AS (
       SELECT session_id FROM events
       WHERE session_id IS NOT NULL AND source_framework IN ('openclaw', 'codex', 'claude-code')
       GROUP BY session_id HAVING count(*) FILTER (WHERE type = 'session.end') > 0 ORDER BY count(*) DESC LIMIT 1),
       ${runsOf("run_id IS NOT NULL AND session_id IN (TABLE largest)")}
     SELECT session_id, max(run_id) FILTER (WHERE ${isToolCall}) AS run_id, count(DISTINCT run_id) AS runs,
            count(*) FILTER (WHERE ${isToolCall}) AS tool_calls, count(*) FILTER (WHERE ${isError}) AS errors,
            (SELECT sum(input) FROM runs) AS input,
            (SELECT sum(output) FROM runs) AS output,
            (SELECT sum(cost) FROM runs) AS cost,
            (SELECT count(*) FROM runs WHERE status = 'error') AS failed_runs,
            extract(epoch FROM max(ts) - coalesce(min(ts) FILTER (WHERE type = 'session.start'), min(ts))) * 1000 AS took
     FROM events WHERE session_id IN (TABLE largest) GROUP BY session_id`,
  );
  return found!;
}

const figure = async (page: Page, name: string): Promise<string> =>
  (
    await page
      .locator("dl > div")
      .filter({ hasText: new RegExp(`^\\s*${name}`) })
      .innerText()
  ).replace(/\s+/g, " ");

test.each(["light", "dark"] as const)(
  "the head of a session says what SQL counts, and all can read it (%s)",
  async (theme) => {
    const session = await largest();
    const page = await open(`${week.ui}/sessions/${session.session_id}`, { theme });
    await page.getByRole("heading", { level: 1 }).waitFor();
    expect(await figure(page, "Runs")).toContain(` ${count(session.runs)}`);
    expect(await figure(page, "Tool calls")).toBe(`Tool calls ${count(session.tool_calls)}`);
    expect(await figure(page, "Errors")).toContain(` ${count(session.errors)}`);
    expect(await figure(page, "Tokens in")).toContain(` ${shortCount(session.input)}`);
    expect(await figure(page, "Tokens out")).toContain(` ${shortCount(session.output)}`);
    expect(await figure(page, "Cost")).toBe(`Cost ${money(session.cost)}`);
    expect(await figure(page, "Duration")).toBe(`Duration ${duration(session.took)}`);
    if (session.failed_runs > 0) expect(await figure(page, "Runs")).toContain(`${session.failed_runs} failed`);
    await page.getByRole("region", { name: "Run" }).waitFor();
    expect(await violations(page)).toEqual([]);
  },
);

test("a session of many runs fits a phone", async () => {
  const session = await largest();
  expect(session.runs).toBeGreaterThan(2);
  const page = await open(`${week.ui}/sessions/${session.session_id}`, { size: "phone" });
  await page.getByRole("region", { name: "Run" }).waitFor();
  expect(await overhang(page)).toBeLessThanOrEqual(0);
});

test("waterfall, transcript and list share the selected span, by a link and by keys", async () => {
  const session = await largest();
  const [span] = await sql<{ span_id: string }>(
    week,
    `SELECT span_id FROM events WHERE session_id = '${session.session_id}' AND run_id = '${session.run_id}'
       AND type = 'span.end' AND payload->>'kind' = 'tool' ORDER BY ts LIMIT 1`,
  );
  const address = `${week.ui}/sessions/${session.session_id}?run=${session.run_id}&view=list&span=${span!.span_id}`;
  const page = await open(address);
  const drawer = page.getByRole("complementary", { name: "Span" });
  await drawer.locator(".id", { hasText: span!.span_id }).waitFor();
  expect(await violations(page)).toEqual([]);
  for (const [key, view] of [
    ["1", null],
    ["2", "transcript"],
    ["3", "list"],
  ] as const) {
    await page.keyboard.press(key);
    await page.waitForURL((url) => url.searchParams.get("view") === view);
    expect(new URL(page.url()).searchParams.get("span")).toBe(span!.span_id);
    await drawer.locator(".id", { hasText: span!.span_id }).waitFor();
    expect(await violations(page)).toEqual([]);
  }
  await page.keyboard.press(".");
  await page.waitForURL((url) => url.searchParams.get("span") !== span!.span_id);
  await page.keyboard.press("Escape");
  await drawer.waitFor({ state: "detached" });
});

test("a run that goes on grows as its events come", async () => {
  const correlation = { session_id: randomUUID(), run_id: "growing" };
  await post(week, envelope("run.start", { correlation, payload: { input: "Grow." } }));
  await allStored(week);
  const page = await open(`${week.ui}/sessions/${correlation.session_id}?view=list`);
  await connected(page);
  await page.getByText("No span has come yet.").waitFor();
  const span = (id: string, name: string) =>
    envelope("span.end", {
      correlation: { ...correlation, span_id: id },
      payload: { kind: "tool", name, status: "success", duration_ms: 20, output: "done" },
    });
  await post(week, span("one", "first_tool"));
  await page.getByRole("row", { name: /first_tool/ }).waitFor();
  await post(week, span("two", "second_tool"), envelope("run.end", { correlation, payload: { status: "success" } }));
  await page.getByRole("row", { name: /second_tool/ }).waitFor();
  await page.getByRole("region", { name: "Run" }).getByRole("heading").getByText("success").waitFor();
});

test("hostile payloads run nothing and break no layout, in each view", async () => {
  const correlation = { session_id: `s/../<script>${randomUUID()}`, run_id: `r?"><script>` };
  const hostile = `<script>alert(1)</script> [a](javascript:alert(2)) \u202e${"W".repeat(50_000)}\u0007 \uD83D\uDE00`;
  const spans = ["a&b=c", "../../x", "\u202espan"].map((span_id) =>
    envelope("span.end", {
      correlation: { ...correlation, span_id },
      payload: {
        ...{ kind: `tool"><img src=x onerror=alert(3)>`, name: `<img src=x onerror=alert(4)>${"n".repeat(90)}` },
        ...{ status: "error", input: { deep: [hostile, { "<b>": hostile }] }, output: hostile, duration_ms: 1e11 },
        ...{ error: { type: "<i>", message: hostile } },
      },
    }),
  );
  await post(week, envelope("run.start", { correlation, payload: { input: hostile } }), ...spans);
  await allStored(week);
  for (const size of ["wide", "phone"] as const)
    for (const view of ["waterfall", "transcript", "list"]) {
      const at = `${week.ui}/sessions/${encodeURIComponent(correlation.session_id)}`;
      const page = await open(`${at}?view=${view}&span=${encodeURIComponent("a&b=c")}`, { size });
      await page.getByRole("complementary", { name: "Span" }).locator(".id", { hasText: "a&b=c" }).waitFor();
      expect(await overhang(page), `${view} ${size}`).toBeLessThanOrEqual(0);
      expect(await page.locator("main :is(script, img, i > i)").count()).toBe(0);
    }
});

test("a session that is not there is told as such", async () => {
  const page = await open(`${week.ui}/sessions/no-such`, { expected: /404/ });
  await page.getByText(/There is no session no-such/).waitFor();
});
