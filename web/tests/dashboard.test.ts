import { randomUUID } from "node:crypto";

import type { Page } from "playwright-core";
import { expect, inject, test } from "vitest";

import { toldBy } from "../src/views/dashboard/figures";
import { change, count, counted, money, percent, shortCount } from "../src/words/numbers";
import { duration } from "../src/words/times";
import { connected, overhang, patience, useBrowser, violations } from "./browser";
import { envelope, post } from "./events";
import { type Figures, figuresOf, isToolCall, told } from "./figures";
import { allStored, sql } from "./instance";
import { pastDay } from "./ranges";
import { until } from "./until";

const week = inject("week");
const open = useBrowser();

const tile = (page: Page, name: string) =>
  page.getByRole("region", { name: "Today" }).getByRole("link", { name: new RegExp(`^${name}`) });

/** What the tiles must say of a day, until they do: the day goes on meanwhile. */
async function tilesAgree(page: Page): Promise<boolean> {
  const day = /\d{4}-\d\d-\d\d/.exec(await page.getByText(/UTC, since/).innerText())?.[0];
  const begin = `timestamptz '${day}T00:00:00Z'`;
  const [today] = await sql<Figures>(week, figuresOf(begin, `${begin} + interval '1 day'`));
  // Until this time of day, in whole quarters of an hour.
  const quarter = "to_timestamp(ceil(extract(epoch FROM now() - interval '1 day') / 900) * 900)";
  const [before] = await sql<Figures>(week, figuresOf(`${begin} - interval '1 day'`, quarter));
  const tokens = (figures: Figures): string => shortCount(figures.tokens);
  const by = (known: number): string => toldBy(known, today!.runs);
  const expected = {
    Runs: [count(today!.runs), change(today!.runs, before!.runs), `${count(today!.failed_runs)} failed`],
    "Tool calls": [count(today!.tool_calls), change(today!.tool_calls, before!.tool_calls)],
    Errors: [count(today!.errors), change(today!.errors, before!.errors), percent(today!.errors / today!.events)],
    Tokens: [tokens(today!), change(today!.tokens, before!.tokens, shortCount), by(today!.tokens_known)],
    Cost: [money(today!.cost), change(today!.cost, before!.cost, money), by(today!.cost_known)],
  };
  for (const [name, words] of Object.entries(expected)) {
    const text = await tile(page, name).innerText();
    for (const word of words) expect(text, name).toContain(word);
  }
  const exact = await tile(page, "Tokens").locator("b").getAttribute("title");
  expect(exact).toBe(count(today!.tokens));
  expect(await tile(page, "Active now").innerText()).toContain(`${counted(today!.sessions, "session")} today`);
  return true;
}

test("today's figures and their changes are those of SQL over the events, before and after more have come", async () => {
  const page = await open(`${week.ui}/`);
  await connected(page);
  await until("the figures agree", patience, () => tilesAgree(page));
  const runs = tile(page, "Runs").locator("b");
  const before = await runs.innerText();
  const correlation = { session_id: randomUUID(), run_id: randomUUID(), span_id: randomUUID() };
  const usage = { input_tokens: 123_456_789, output_tokens: 1, cost_usd: 12.345 };
  await post(
    week,
    envelope("run.start", { correlation }),
    envelope("span.end", { correlation, payload: { kind: "tool", name: "exec", status: "error", duration_ms: 5 } }),
    envelope("run.end", { correlation, payload: { status: "error", usage } }),
    envelope("run.start", { correlation: { ...correlation, run_id: randomUUID() } }), // tells neither tokens nor cost
  );
  await allStored(week);
  await until("the figures have moved", patience, async () => (await runs.innerText()) !== before);
  await until("the figures agree again", patience, () => tilesAgree(page));
});

test("who is active now is who SQL finds at work", async () => {
  const page = await open(`${week.ui}/`);
  await connected(page);
  await until("the figures agree", patience, async () => {
    const [asked] = await sql<{ active: number; waiting: number }>(
      week,
      `SELECT count(*) FILTER (WHERE NOT waits AND last > now() - interval '30 min') AS active,
              count(*) FILTER (WHERE waits) AS waiting
       FROM (SELECT max(ts) AS last, coalesce(max(ts) FILTER (WHERE type LIKE '%.waiting') >= max(ts), false) AS waits,
                    max(ts) FILTER (WHERE type = 'session.end') AS ended,
                    max(ts) FILTER (WHERE type IN ('session.start', 'run.start')) AS started
             FROM events WHERE session_id IS NOT NULL GROUP BY session_id) AS each
       WHERE ended IS NULL OR started > ended`,
    );
    const words = await tile(page, "Active now").innerText();
    expect(words.split(/\s+/)).toContain(count(asked!.active));
    expect(words).toContain(`${count(asked!.waiting)} waiting`);
    return true;
  });
});

test("the kinds of agents are those of SQL, by each measure", async () => {
  for (const [measure, say] of [
    ["runs", (figures: Figures) => count(figures.runs)],
    ["tokens", (figures: Figures) => shortCount(figures.tokens)],
    ["cost", (figures: Figures) => money(figures.cost)],
  ] as const) {
    const page = await open(`${week.ui}/?by=${measure}`);
    const region = page.getByRole("region", { name: "Kinds of agents" });
    await region.getByRole("link").first().waitFor();
    await until(`the ${measure} agree`, patience, async () => {
      const day = "date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'";
      const frameworks = await sql<{ framework: string }>(
        week,
        `SELECT DISTINCT source_framework AS framework FROM events
         WHERE ts >= ${day} AND source_framework IN ('openclaw', 'codex', 'claude-code', 'browser-test')`,
      );
      expect(frameworks.length).toBeGreaterThan(0);
      for (const { framework } of frameworks) {
        const [asked] = await sql<Figures>(week, figuresOf(day, "now()", `framework = '${framework}'`));
        const words = await region.getByRole("link", { name: new RegExp(`^${framework}`) }).innerText();
        expect(words.split("\n"), framework).toContain(say(asked!));
      }
      return true;
    });
  }
});

test("the series of a past day sum up to what SQL counts", async () => {
  const day = pastDay();
  const page = await open(`${week.ui}/?${day.query}&as=table`);
  const rows = page.getByRole("region", { name: "Activity as a table" }).locator("tbody tr");
  await rows.first().waitFor();
  const sums = await rows.evaluateAll((all) =>
    all.map((row) =>
      [...row.querySelectorAll("td")].map((cell) => Number(cell.textContent?.replaceAll(/[,$]|unknown/g, ""))),
    ),
  );
  const sum = (column: number): number => sums.reduce((all, row) => all + (row[column] ?? NaN), 0);
  const [asked] = await sql<Figures>(week, figuresOf(`'${day.from}'`, `'${day.to}'`));
  expect({
    ...{ events: sum(0), errors: sum(1), runs: sum(2), failed_runs: sum(3), tool_calls: sum(4) },
    tokens: sum(5) + sum(6),
  }).toEqual({
    ...{ events: asked!.events, errors: asked!.errors, runs: asked!.runs, failed_runs: asked!.failed_runs },
    ...{ tool_calls: asked!.tool_calls, tokens: asked!.tokens },
  });
  expect(sum(7)).toBeCloseTo(asked!.cost ?? NaN, 0); // each step is rounded to cents
  expect(asked!.events).toBeGreaterThan(100);
});

test("the tools of a past day are those of SQL: calls, failures, and how long they took", async () => {
  const day = pastDay();
  const page = await open(`${week.ui}/?${day.query}`);
  const region = page.getByRole("region", { name: "Tools" });
  await region.locator("tbody tr").first().waitFor();
  const all = region.getByRole("button", { name: /Show all/ });
  if (await all.isVisible()) await all.click();
  const shown = await region
    .locator("tbody tr")
    .evaluateAll((rows) =>
      rows.map((row) => [...row.querySelectorAll("th, td")].map((cell) => cell.textContent?.trim())),
    );
  const tools = await sql<{ name: string; calls: number; errors: number; p50: number; p95: number }>(
    week,
    `SELECT payload->>'name' AS name, count(*) AS calls, count(*) FILTER (WHERE payload->>'status' = 'error') AS errors,
            percentile_disc(0.5) WITHIN GROUP (ORDER BY (payload->>'duration_ms')::float) AS p50,
            percentile_disc(0.95) WITHIN GROUP (ORDER BY (payload->>'duration_ms')::float) AS p95
     FROM events WHERE ${day.sql} AND ${isToolCall} GROUP BY 1`,
  );
  const expected = tools.map(({ name, calls, errors, p50, p95 }) => [
    ...[name, count(calls), percent(errors / calls)],
    ...[duration(told(p50)), duration(told(p95))],
  ]);
  expect([...shown].sort()).toEqual([...expected].sort());
  expect(
    shown.map(([, calls]) => Number(calls?.replaceAll(",", ""))),
    "the most called first",
  ).toEqual(tools.map(({ calls }) => calls).sort((a, b) => b - a));
});

test("an event is in the feed when it has come, and leads to its session", async () => {
  const page = await open(`${week.ui}/`);
  await connected(page);
  const correlation = { session_id: randomUUID(), run_id: randomUUID() };
  const message = `the model did not answer ${correlation.run_id}`;
  await post(week, envelope("error", { correlation, payload: { error: { type: "timeout", message } } }));
  const line = page
    .getByRole("list", { name: /Latest events/ })
    .getByRole("listitem")
    .filter({ hasText: message });
  await line.waitFor();
  expect(await violations(page)).toEqual([]);
  await line.getByRole("link").first().click();
  await page.waitForURL((url) => url.pathname === `/sessions/${correlation.session_id}`);
});

test("the footer tells how long an event took to the screen", async () => {
  const page = await open(`${week.ui}/`);
  await connected(page);
  await post(week, envelope("custom.tick"));
  await page
    .getByRole("contentinfo")
    .getByText(/event to screen/)
    .waitFor();
});

test("hostile words of an event stay words, raw event and all", async () => {
  const correlation = { session_id: `javascript:alert("${randomUUID()}")`, run_id: "<b>run</b>" };
  const page = await open(`${week.ui}/`);
  await connected(page);
  await post(
    week,
    envelope("run.start", { correlation, payload: { input: `</script><script>alert("input")</script>` } }),
    envelope("error", {
      correlation,
      source: { framework: "</style><script>", client_id: `"><img src=x onerror=alert(2)>`, host: "\u202ehost" },
      payload: { error: { type: "<script>alert('type')</script>", message: `\u202e${"M".repeat(30_000)}\u0000` } },
    }),
  );
  const feed = page.getByRole("list", { name: /Latest events/ });
  const line = feed.getByRole("listitem").filter({ hasText: "<script>alert('type')</script>" });
  await line.waitFor();
  await line.getByRole("button").click();
  await line.getByRole("button", { name: "Copy" }).waitFor();
  expect(await overhang(page)).toBeLessThanOrEqual(0);
  expect(await line.locator("script, img, b b").count()).toBe(0);
  const links = await page
    .getByRole("link")
    .evaluateAll((all) => all.map((each) => (each as HTMLAnchorElement).protocol));
  expect(new Set(links)).toEqual(new Set(["http:"]));
});
