import type { Page } from "playwright-core";
import { expect, inject, test } from "vitest";

import { bytes, percent } from "../src/words/numbers";
import { connected, overhang, useBrowser, violations } from "./browser";
import { post, snapshot } from "./events";
import { allStored, sql } from "./instance";

const week = inject("week");
const open = useBrowser();

const card = (page: Page, name: string) =>
  page.getByRole("article").filter({ has: page.getByRole("heading", { name, exact: true }) });

test("each machine of the demo says what its latest reading said", async () => {
  const page = await open(`${week.ui}/openclaw?range=7d`);
  const machines = await sql<{ name: string; told: Record<string, number>; version: string }>(
    week,
    `SELECT DISTINCT ON (payload->>'name') payload->>'name' AS name, payload AS told,
            payload->'gateway'->>'version' AS version
     FROM events WHERE type = 'openclaw.snapshot' AND source_framework = 'openclaw'
     ORDER BY payload->>'name', ts DESC, event_id DESC`,
  );
  expect(machines.map(({ name }) => name)).toEqual(expect.arrayContaining(["orb", "sun", "zap"]));
  for (const { name, told, version } of machines.filter(({ name: each }) => ["orb", "sun", "zap"].includes(each))) {
    const text = await card(page, name).innerText();
    expect(text).toContain(percent((told["cpu_percent"] ?? NaN) / 100));
    for (const what of ["memory", "disk"]) {
      const [used, total] = [told[`${what}_used_bytes`], told[`${what}_total_bytes`]];
      // A paused machine does not tell how much it uses.
      expect(text).toContain(used === undefined ? "unknown" : `${bytes(used)} of ${bytes(total)}`);
    }
    expect(text).toContain(version);
  }
});

test("a line tells the lowest and highest reading of its time", async () => {
  const page = await open(`${week.ui}/openclaw?range=7d`);
  const label = await card(page, "zap")
    .getByRole("img", { name: /^CPU: \d/ })
    .getAttribute("aria-label");
  // Steps of the week hold the latest reading each, so the extremes are within those of all readings.
  const [all] = await sql<{ lowest: number; highest: number }>(
    week,
    `SELECT min((payload->>'cpu_percent')::float) AS lowest, max((payload->>'cpu_percent')::float) AS highest
     FROM events WHERE type = 'openclaw.snapshot' AND payload->>'name' = 'zap'`,
  );
  const [lowest, highest] = [...label!.matchAll(/([\d.]+) %/g)].map(([, figure]) => Number(figure));
  expect(lowest).toBeGreaterThanOrEqual(Math.floor(all!.lowest));
  expect(highest).toBeLessThanOrEqual(Math.ceil(all!.highest));
  expect(highest).toBeGreaterThan(lowest!);
});

test("a machine appears with its first reading, and moves with its next", async () => {
  const page = await open(`${week.ui}/openclaw`);
  await connected(page);
  await post(week, snapshot("new-one", { issues: ["the disk is full"], cpu_percent: 77 }));
  const shown = card(page, "new-one");
  await shown.getByText("the disk is full").waitFor();
  await shown.getByText("77 %", { exact: true }).waitFor();
  const names = await page.getByRole("article").getByRole("heading").allInnerTexts();
  expect(names.indexOf("new-one"), "what fails comes before what runs").toBeLessThan(names.indexOf("zap"));
  await post(week, snapshot("new-one", { cpu_percent: 3 }));
  await shown.getByText("the disk is full").waitFor({ state: "detached" });
  await shown.getByText("3.0 %", { exact: true }).waitFor();
  await shown.getByText(/running for/).waitFor();
});

test("a verdict is told in words beside what is wrong, the worst first, and moves with the next one", async () => {
  const issue = (code: string, message: string): Record<string, string> => ({ code, severity: "warning", message });
  await post(
    week,
    snapshot("well", { verdict: "healthy" }),
    snapshot("unsure", { verdict: "unknown", issues: [issue("no_login", "nobody could log in")] }),
    snapshot("ill", { verdict: "degraded", issues: [issue("disk_full", "its disk is 97 % full")] }),
    snapshot("lost", { verdict: "down", state: "crashed", issues: [issue("crashed", "it crashed at 10:00")] }),
    snapshot("resting", { verdict: "down", state: "shutoff" }),
  );
  await allStored(week);
  const page = await open(`${week.ui}/openclaw`);
  await card(page, "ill")
    .getByText(/degraded, running for/)
    .waitFor();
  await card(page, "ill").getByText("its disk is 97 % full").waitFor();
  await card(page, "lost")
    .getByText(/down, crashed for/)
    .waitFor();
  await card(page, "unsure")
    .getByText(/unknown, running for/)
    .waitFor();
  await card(page, "well")
    .getByText(/^running for/)
    .waitFor();
  await card(page, "resting")
    .getByText(/^shutoff for/)
    .waitFor();
  const tone = (name: string): Promise<string | null> => card(page, name).locator(".state").getAttribute("class");
  expect(await tone("ill")).toContain("bad");
  expect(await tone("unsure")).toContain("warn");
  expect(await tone("well")).toContain("good");
  expect(await tone("resting"), "somebody switched it off").toContain("dim");
  const names = await page.getByRole("article").getByRole("heading").allInnerTexts();
  const places = ["ill", "unsure", "well", "resting"].map((name) => names.indexOf(name));
  expect(places).toEqual([...places].sort((a, b) => a - b));
  await post(week, snapshot("ill", { verdict: "healthy" }));
  await card(page, "ill").getByText("its disk is 97 % full").waitFor({ state: "detached" });
  await card(page, "ill")
    .getByText(/^running for/)
    .waitFor();
});

test("a machine that was not heard of is silent, not healthy", async () => {
  const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);
  await post(week, ...[14, 13, 12, 11, 10].map((minutes) => snapshot("silent-one", {}, minutesAgo(minutes))));
  const page = await open(`${week.ui}/openclaw`);
  await card(page, "silent-one").getByText("silent, was running").waitFor();
});

test("a machine with hostile words runs nothing and stays in its card", async () => {
  const script = `<script>alert("name")</script>`;
  await post(
    week,
    snapshot(script, {
      state: `\u202e${"s".repeat(500)}`,
      issues: [`<img src=x onerror=alert(1)>`, "i".repeat(20_000), "\u0007bell", { message: { deep: [1] } }, 5, null],
      gateway: { up: "yes", version: `javascript:alert(1)${"v".repeat(300)}` },
      cpu_percent: "<b>90</b>",
      memory_used_bytes: 1e308,
    }),
  );
  for (const size of ["wide", "phone"] as const) {
    const page = await open(`${week.ui}/openclaw`, { size });
    const shown = page.getByRole("article").filter({ hasText: "<script>" });
    await shown.getByText("<img src=x onerror=alert(1)>").waitFor();
    expect(await overhang(page)).toBeLessThanOrEqual(0);
    expect(await shown.locator("img, script, b").count()).toBe(0);
    expect(await violations(page)).toEqual([]);
  }
});

test("keys walk over the cards, and Enter opens the machine's sessions in the same time", async () => {
  const page = await open(`${week.ui}/openclaw?range=7d`);
  await card(page, "zap").waitFor();
  const names = await page.getByRole("article").getByRole("heading").allInnerTexts();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  expect(await page.locator(":focus").innerText()).toBe(names[1]);
  await page.keyboard.press("k");
  expect(await page.locator(":focus").innerText()).toBe(names[0]);
  await card(page, "zap").getByRole("link").focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(
    (url) =>
      url.pathname === "/sessions" && url.searchParams.get("host") === "zap" && url.searchParams.get("range") === "7d",
  );
});
