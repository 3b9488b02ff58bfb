/** A session: its header, its runs, and of a run the three views that share the selected span. */
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, inject, test } from "vitest";

import { connected, overhang, patience, sizes, useBrowser, violations } from "./browser";
import { envelope, post, snapshot } from "./events";
import { allStored } from "./instance";
import { RunBuilder, conversation, hostile, large } from "./runs";
import { until } from "./until";

const week = inject("week");
const open = useBrowser();
const tag = Date.now();
const talk = `talk-${tag}`;
const evil = `evil-<b>-${tag}`;
const huge = `huge-${tag}`;
const pathOf = (session: string, query = ""): string => `${week.ui}/sessions/${encodeURIComponent(session)}${query}`;
const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);
const selected = (page: Page): string | null => new URL(page.url()).searchParams.get("span");

beforeAll(async () => {
  await post(week, ...conversation(talk, minutesAgo(10)), ...hostile(evil, minutesAgo(10)));
  const events = large(huge, minutesAgo(20));
  for (let at = 0; at < events.length; at += 5_000) await post(week, ...events.slice(at, at + 5_000));
  await allStored(week);
});

const waterfall = (page: Page) => page.getByRole("application", { name: /^Waterfall of/ });
const drawer = (page: Page) => page.getByRole("complementary", { name: "Span" });

const shows: Record<string, (page: Page) => Promise<void>> = {
  waterfall: (page) => waterfall(page).waitFor(),
  transcript: (page) => page.getByText("Fixed: .get() instead of [].").waitFor(),
  list: (page) => page.getByRole("columnheader", { name: "Took" }).waitFor(),
};

describe.each(Object.entries(shows))("the %s", (view, shown) => {
  test.each(["light", "dark"] as const)("can be read by everybody when it is %s", async (theme) => {
    const page = await open(pathOf(talk, `?view=${view}&span=span-2`), { theme });
    await shown(page);
    await drawer(page).getByText("KeyError: 'vat_id'").waitFor();
    expect(await violations(page)).toEqual([]);
  });

  test.each(Object.keys(sizes) as (keyof typeof sizes)[])(
    "fits a %s window, also with texts that do not want to",
    async (size) => {
      const page = await open(pathOf(talk, `?view=${view}`), { size });
      await shown(page);
      expect(await overhang(page)).toBeLessThanOrEqual(0);
      await page.goto(pathOf(evil, `?view=${view}&span=span-2`));
      await drawer(page).getByText("long long long").first().waitFor();
      expect(await overhang(page)).toBeLessThanOrEqual(0);
    },
  );
});

test("the header says what was asked, how long it took and what it cost", async () => {
  const page = await open(pathOf(talk));
  await page.getByRole("heading", { level: 1, name: "Why does the export fail? Find out and fix it." }).waitFor();
  const figures = page.locator("header dl");
  for (const text of ["Tool calls4", "Errors1", "Tokens in41K", "Tokens out612", "Cost$0.25"])
    await until(`the header says ${text}`, patience, async () =>
      (await figures.innerText()).replaceAll(/\s/g, "").includes(text.replaceAll(" ", "")),
    );
  expect(await page.title()).toBe("Why does the export fail? Find out and fix it. · agentmon");
});

test("keys go from span to span, in whatever view, and the address has the span", async () => {
  const page = await open(pathOf(talk));
  await waterfall(page).waitFor();
  const press = async (key: string, span: string | null): Promise<void> => {
    await page.keyboard.press(key);
    await until(`${key} leads to ${span}`, patience, async () => selected(page) === span);
  };
  await press(".", "span-1");
  await press(".", "span-2");
  await press(",", "span-1");
  await press("e", "span-5");
  await drawer(page).getByText("exit code 2: one test failed").waitFor();
  await page.getByText("Pytest, tool, failed: exit code 2: one test failed").waitFor({ state: "attached" });
  await page.keyboard.press("3");
  await page.getByRole("row", { selected: true }).getByText("Pytest").waitFor();
  await page.keyboard.press("2");
  await page.locator('article[data-span="span-5"].selected').waitFor(); // its sub-agent's card is open
  await press("Escape", null);
  await drawer(page).waitFor({ state: "detached" });
  await page.keyboard.press("1");
  await waterfall(page).focus();
  await press("ArrowDown", "span-1");
  await press("End", "span-6");
});

test("an address with a span opens it, and Back closes what a click has opened", async () => {
  const page = await open(pathOf(talk, "?span=span-4"));
  await drawer(page).getByText("export.py:14").waitFor();
  await page.getByRole("button", { name: "Close the span" }).click();
  await drawer(page).waitFor({ state: "detached" });
  await page.keyboard.press("3");
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await drawer(page).getByText("The file is changed.").waitFor();
  await page.goBack();
  await drawer(page).waitFor({ state: "detached" });
});

test("Escape closes the dialog that is in front, and then the span", async () => {
  const page = await open(pathOf(talk, "?span=span-2"));
  await drawer(page).getByText("grep ERROR jobs.log").waitFor();
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keys" });
  await help.getByText("Next error").waitFor();
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "hidden" });
  expect(selected(page)).toBe("span-2");
  await page.keyboard.press("Escape");
  await drawer(page).waitFor({ state: "detached" });
});

test("a span's texts can be copied, and its events are one click away", async () => {
  const page = await open(pathOf(talk, "?span=span-2"));
  const input = drawer(page)
    .getByRole("region")
    .or(drawer(page).locator("section"))
    .filter({ hasText: "Input" })
    .first();
  await input.getByRole("button", { name: "Copy" }).click();
  await input.getByText("Copied").waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain("grep ERROR jobs.log");
  await drawer(page).getByText("Raw events (2)").click();
  await drawer(page).getByText('"type": "span.start"').waitFor();
  await drawer(page).getByText('"type": "span.end"').waitFor();
});

test("the transcript tells question, steps and answer; a sub-agent is one card until it is opened", async () => {
  const page = await open(pathOf(talk, "?view=transcript"));
  await page.getByText("Fixed: .get() instead of [].").waitFor();
  const lines = await page.locator(".transcript").innerText();
  const order = [
    "Find out and fix it.",
    "I look at the log first.",
    "Bash",
    "explorer",
    "A human was asked",
    "Edit",
    "Fixed",
  ];
  const places = order.map((text) => lines.indexOf(text));
  expect(places).not.toContain(-1);
  expect(places).toEqual(places.toSorted((one, other) => one - other));
  expect(lines).toContain("2 steps, 1 failed");
  expect(lines).not.toContain("Pytest");
  await page.getByRole("button", { name: /explorer.*2 steps/ }).click();
  await page.getByText("exit code 2: one test failed").waitFor();
  await page.getByRole("button", { name: /^Bash/ }).click();
  await page.getByText("tail -n 5 jobs.log").last().waitFor();
});

test("the list finds and sorts", async () => {
  const page = await open(pathOf(talk, "?view=list"));
  await page.getByRole("button", { name: /^Took/ }).click();
  const firstName = () => page.locator("tbody tr[aria-rowindex='2'] td").nth(1).innerText();
  await until("the longest is first", patience, async () => (await firstName()) === "explorer");
  await page.getByRole("searchbox", { name: "Find spans" }).fill("export.py:14 grep");
  await page.getByText("1 of 6").waitFor();
  expect(await firstName()).toBe("Grep");
});

test("what happens now is seen without asking", async () => {
  const session = `live-${tag}`;
  const correlation = { session_id: session, run_id: "now" };
  const tell = (type: string, payload: Record<string, unknown>, ids = {}) =>
    post(week, envelope(type, { correlation: { ...correlation, ...ids }, payload }));
  await tell("run.start", { input: "Deploy it." });
  await allStored(week);
  const page = await open(pathOf(session));
  await connected(page);
  await page.getByText("No step has come yet").waitFor();
  await tell("span.start", { kind: "tool", name: "Deploy" }, { span_id: "one" });
  await page.getByRole("application", { name: "Waterfall of 1 spans" }).waitFor();
  await tell("run.waiting", { input: "May I deploy?" });
  await page.getByText("Waits for a human").waitFor();
  await page.getByText("May I deploy?").first().waitFor();
  await tell("span.end", { kind: "tool", name: "Deploy", status: "success", output: "Deployed." }, { span_id: "one" });
  await tell("run.end", { status: "success", output: "It is out." });
  await page.getByText("Waits for a human").waitFor({ state: "detached" });
  await page.keyboard.press("2");
  await page.getByText("It is out.").waitFor();
});

test("texts of events stay texts", async () => {
  const page = await open(pathOf(evil));
  await waterfall(page).waitFor();
  for (const view of ["waterfall", "transcript", "list"]) {
    await page.goto(pathOf(evil, `?view=${view}&span=span-1`));
    await drawer(page).getByText("onerror=").first().waitFor();
    expect(await page.locator("main img, main script, main iframe").count()).toBe(0);
    expect(await page.title()).not.toBe("hacked");
  }
});

test("10,000 spans: all are there, and only what is seen is made", async () => {
  const page = await open(pathOf(huge));
  await page.getByRole("application", { name: "Waterfall of 10000 spans" }).waitFor();
  await waterfall(page).focus();
  await page.keyboard.press("End");
  await until("the last span is selected", patience, async () => selected(page) !== null);
  await drawer(page).getByRole("heading").waitFor();
  await page.keyboard.press("3");
  await page.getByText("10,000 spans", { exact: true }).last().waitFor();
  await page.getByRole("row", { selected: true }).waitFor();
  expect(await page.locator("tbody tr").count()).toBeLessThan(100);
  await page.keyboard.press("2");
  await page.getByText("All done.").waitFor();
});

test("a run shorter than the distance of two readings has the load that was read around it", async () => {
  const session = `short-${tag}`;
  const host = `vm-${tag}`;
  const run = new RunBuilder(session, "short", minutesAgo(40), host).say("run.start", { input: "Be quick." });
  run.span({ kind: "tool", name: "Bash" }, {}, 2_000);
  const readings = [52, 47, 42, 37, 32].map((minutes) => snapshot(host, { cpu_percent: 50 }, minutesAgo(minutes)));
  await post(week, ...run.say("run.end", { status: "success" }).events, ...readings);
  await allStored(week);
  const page = await open(pathOf(session));
  const load = page.getByRole("region", { name: `Load of ${host}` });
  await load.getByText("50 %").waitFor();
  const colours = await load.locator("canvas").evaluate((canvas: HTMLCanvasElement) => {
    const { width, height } = canvas;
    // The right half of the upper line: right of the names.
    const data = canvas.getContext("2d")?.getImageData(width / 2, 0, width / 2, height / 2 - 2).data ?? [];
    return data.filter((value, at) => at % 4 === 3 && value > 100).length;
  });
  expect(colours, "a line over the whole width, and not the light area below it").toBeGreaterThan(300);
});

test("a session that is not there says so", async () => {
  const page = await open(pathOf("nobody-knows-it"), { expected: /404/ });
  await page.getByText("There is no session nobody-knows-it.").waitFor();
});
