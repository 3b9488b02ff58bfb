import { randomUUID } from "node:crypto";

import type { Page } from "playwright-core";
import { expect, inject, test } from "vitest";

import { connected, overhang, patience, rowsOf, useBrowser, violations } from "./browser";
import { envelope, post } from "./events";
import { sql } from "./instance";
import { pastDay } from "./ranges";
import { until } from "./until";

const week = inject("week");
const open = useBrowser();

const grid = (page: Page) => page.getByRole("grid", { name: "Sessions" });
const rows = (page: Page) => rowsOf(page, "Sessions");
const cells = (page: Page, name: string) =>
  rows(page)
    .locator(`.${name}`)
    .evaluateAll((all) => all.map((cell) => cell.textContent?.trim() ?? ""));

/** Sessions by SQL over the events alone: those that began in the time. */
const beganIn = ({ from, to }: { from: string; to: string }, having = "true"): string => `
  SELECT session_id FROM events WHERE session_id IS NOT NULL GROUP BY session_id
  HAVING min(ts) >= '${from}' AND min(ts) < '${to}' AND ${having}`;

test("a past day has the sessions that SQL finds, newest first", async () => {
  const day = pastDay();
  const page = await open(`${week.ui}/sessions?${day.query}`);
  const asked = await sql<{ session_id: string }>(week, beganIn(day));
  expect(asked.length).toBeGreaterThan(10);
  await rows(page).first().waitFor();
  await until("all are counted", patience, async () => {
    return Number(await grid(page).getAttribute("aria-rowcount")) === asked.length + 1;
  });
  const began = await rows(page)
    .locator("time")
    .evaluateAll((all) => all.map((each) => (each as HTMLTimeElement).dateTime));
  expect(began).toEqual([...began].sort().reverse());
});

test("a filter typed is in the address, and in every row", async () => {
  const page = await open(`${week.ui}/sessions?range=7d`);
  await rows(page).first().waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("host:zap ");
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.searchParams.get("host") === "zap");
  await until("only that host is left", patience, async () =>
    (await cells(page, "host")).every((host) => host === "zap"),
  );
  expect((await cells(page, "host")).length).toBeGreaterThan(3);
  await page.goBack();
  await page.waitForURL((url) => !url.searchParams.has("host"));
  await until("all hosts are back", patience, async () => new Set(await cells(page, "host")).size > 1);
});

test("a deep link shows what it says, and no more", async () => {
  const day = pastDay();
  const page = await open(`${week.ui}/sessions?${day.query}&framework=codex`);
  const asked = await sql<{ session_id: string }>(week, beganIn(day, "min(source_framework) = 'codex'"));
  await until("all are counted", patience, async () => {
    return Number(await grid(page).getAttribute("aria-rowcount")) === asked.length + 1;
  });
  for (const agent of await cells(page, "agent")) expect(agent).toContain("codex");
});

test("a filter that finds nothing says so, and takes itself away", async () => {
  const page = await open(`${week.ui}/sessions?host=nowhere`);
  await page.getByText("No session in this time is like that.").waitFor();
  await page.getByRole("button", { name: "Take the filters away" }).click();
  await rows(page).first().waitFor();
});

test("keys go through the list, glance at a session, and open it", async () => {
  const page = await open(`${week.ui}/sessions?range=7d`);
  await rows(page).first().waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("p");
  const peek = page.getByRole("complementary", { name: /glance/ });
  await peek.getByText("Framework").waitFor();
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await peek.waitFor({ state: "detached" });
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => /^\/sessions\/.+/.test(url.pathname));
});

test("a session appears on top when it begins, with hostile words as words", async () => {
  const page = await open(`${week.ui}/sessions?range=1h`);
  await connected(page);
  const id = randomUUID();
  const title = `<img src=x onerror=alert("${id}")> \u202ebackwards`;
  const correlation = { session_id: id, run_id: "first" };
  await post(
    week,
    envelope("run.start", { correlation, payload: { input: `${title}${"w".repeat(5_000)}` } }),
    envelope("run.end", { correlation, payload: { status: "error", output: "x" } }),
  );
  const row = rows(page).filter({ hasText: `alert("${id}")` });
  await row.waitFor();
  await row.getByTitle("1 of 1 run failed").waitFor();
  expect(await row.locator("img").count()).toBe(0);
  expect(await overhang(page)).toBeLessThanOrEqual(0);
});
