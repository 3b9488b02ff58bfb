import { randomUUID } from "node:crypto";

import type { Page } from "playwright-core";
import { expect, inject, test } from "vitest";

import { count, percent } from "../src/words/numbers";
import { connected, overhang, useBrowser, violations } from "./browser";
import { envelope, post } from "./events";
import { allStored, sql } from "./instance";
import { pastDay } from "./ranges";
import { until } from "./until";

const week = inject("week");
const open = useBrowser();

/** By SQL over the events alone. `began`: when the first event of each run was. */
const figuresOf = (from: string, to: string): string => `
  WITH mine AS (SELECT * FROM events WHERE ts >= '${from}' AND ts < '${to}'),
       began AS (SELECT min(ts) AS ts FROM events WHERE run_id IS NOT NULL GROUP BY session_id, run_id)
  SELECT (SELECT count(*) FROM began WHERE ts >= '${from}' AND ts < '${to}') AS runs,
         (SELECT count(*) FROM mine) AS events,
         (SELECT count(*) FROM mine WHERE type = 'span.end' AND payload->>'kind' = 'tool') AS tool_calls,
         (SELECT count(*) FROM mine
          WHERE type = 'error' OR (type = 'span.end' AND payload->>'status' = 'error')) AS errors`;

interface Figures {
  runs: number;
  events: number;
  tool_calls: number;
  errors: number;
}

const tile = (page: Page, name: string) =>
  page
    .getByRole("region", { name: "Today" })
    .getByRole("link", { name: new RegExp(`^${name}`) })
    .locator("b");

test("today's figures are those of SQL over the events, before and after more have come", async () => {
  const page = await open(`${week.ui}/`);
  await connected(page);
  const agree = async (): Promise<boolean> => {
    const day = /\d{4}-\d\d-\d\d/.exec(await page.getByText(/UTC, since/).innerText())?.[0];
    const [asked] = await sql<Figures>(week, figuresOf(`${day}T00:00:00Z`, `${day}T24:00:00Z`));
    expect(await tile(page, "Runs").innerText()).toBe(count(asked!.runs));
    expect(await tile(page, "Tool calls").innerText()).toBe(count(asked!.tool_calls));
    expect(await tile(page, "Errors").innerText()).toBe(count(asked!.errors));
    return true;
  };
  await until("the figures agree", 15_000, agree);
  const before = await tile(page, "Errors").innerText();
  const correlation = { session_id: randomUUID(), run_id: randomUUID(), span_id: randomUUID() };
  await post(
    week,
    envelope("run.start", { correlation }),
    envelope("span.end", { correlation, payload: { kind: "tool", name: "exec", status: "error", duration_ms: 5 } }),
    envelope("run.end", { correlation, payload: { status: "error" } }),
  );
  await allStored(week);
  await until("the figures have moved", 15_000, async () => (await tile(page, "Errors").innerText()) !== before);
  await until("the figures agree again", 15_000, agree);
});

test("the series of a past day sum up to what SQL counts", async () => {
  const day = pastDay();
  const page = await open(`${week.ui}/?${day.query}&as=table`);
  const rows = page.getByRole("region", { name: "Activity as a table" }).locator("tbody tr");
  await rows.first().waitFor();
  const sums = await rows.evaluateAll((all) =>
    all.map((row) => [...row.querySelectorAll("td")].map((cell) => Number(cell.textContent?.replaceAll(",", "")))),
  );
  const [events, errors, runs] = [0, 1, 2].map((column) => sums.reduce((sum, row) => sum + (row[column] ?? NaN), 0));
  const [asked] = await sql<Figures>(week, figuresOf(day.from, day.to));
  expect({ events, errors, runs }).toEqual({ events: asked!.events, errors: asked!.errors, runs: asked!.runs });
  expect(asked!.events).toBeGreaterThan(100);
});

test("the tools of a past day are those of SQL", async () => {
  const day = pastDay();
  const page = await open(`${week.ui}/?${day.query}`);
  const region = page.getByRole("region", { name: "Tools" });
  await region.locator("tbody tr").first().waitFor();
  const all = region.getByRole("button", { name: /Show all/ });
  if (await all.isVisible()) await all.click();
  const shown = await region
    .locator("tbody tr")
    .evaluateAll((rows) =>
      rows.map((row) => [...row.querySelectorAll("th, td")].slice(0, 3).map((cell) => cell.textContent?.trim())),
    );
  const tools = await sql<{ name: string; calls: number; errors: number }>(
    week,
    `SELECT payload->>'name' AS name, count(*) AS calls, count(*) FILTER (WHERE payload->>'status' = 'error') AS errors
     FROM events WHERE ${day.sql} AND type = 'span.end' AND payload->>'kind' = 'tool' GROUP BY 1`,
  );
  const expected = tools.map(({ name, calls, errors }) => [name, count(calls), percent(errors / calls)]);
  expect([...shown].sort()).toEqual([...expected].sort());
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

test("the palette finds a view by its name, without the mouse", async () => {
  const page = await open(`${week.ui}/`);
  await connected(page);
  await page.keyboard.press("Control+k");
  const palette = page.getByRole("dialog", { name: /Search/ });
  await palette.getByRole("combobox").waitFor();
  expect(await violations(page)).toEqual([]);
  await page.keyboard.type("sessions");
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname === "/sessions");
});
