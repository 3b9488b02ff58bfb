import { afterAll, beforeAll, expect, test } from "vitest";

import { connected, useBrowser, violations } from "./browser";
import { Instance, sql } from "./instance";
import { until } from "./until";

const open = useBrowser();
let instance: Instance;

beforeAll(async () => {
  instance = await Instance.start(undefined, { AGENTMON_RETENTION_DAYS: "2" });
  await instance.playDemo();
  await until("the days before are gone", 60_000, async () => {
    const rows = await sql<{ kept: boolean }>(
      instance.place,
      "SELECT kept_from = date_trunc('day', now(), 'UTC') - interval '2 days' AS kept FROM retention",
    );
    return rows[0]?.kept === true;
  });
}, 180_000);
afterAll(() => instance.close());

const note = "What was before is unknown.";

test("figures of days that were dropped are unknown, and the page says so", async () => {
  const page = await open(`${instance.place.ui}/?range=7d&as=table`);
  await connected(page);
  const table = page.getByRole("region", { name: "Activity as a table" });
  const oldest = table.getByRole("row").last();
  expect(await oldest.innerText()).toMatch(/(unknown\s+){7}unknown/);
  const newest = table.getByRole("row").nth(1).getByRole("cell").first();
  expect(await newest.innerText()).toMatch(/^[\d,]+$/);
  await page.getByRole("region", { name: "Activity" }).getByText(note).waitFor();
  await page.getByRole("region", { name: "Tools" }).getByText(note).waitFor();
  expect(await violations(page)).toEqual([]);
});

test("where all of the time is kept nothing is said, and where nothing is, that", async () => {
  const page = await open(`${instance.place.ui}/agents?range=24h`);
  await connected(page);
  await page.getByRole("heading", { name: /agents?$/ }).waitFor();
  expect(await page.getByText(note).count()).toBe(0);
  const day = 86_400_000;
  const times = [5 * day, 4 * day].map((ago) => new Date(Date.now() - ago).toISOString());
  await page.goto(`${instance.place.ui}/agents?from=${times[0]}&to=${times[1]}`);
  await page.getByText("What agents did in this time is unknown.").waitFor();
  await page.getByText(note).waitFor();
  await page.goto(`${instance.place.ui}/?from=${times[0]}&to=${times[1]}`);
  await page.getByText("Which tools were called in this time is unknown.").waitFor();
});
