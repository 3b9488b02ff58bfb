/** How soon a view is there, and answers, with a million stored events. */
import type { Page } from "playwright-core";
import { inject, test } from "vitest";

import { connected, loaded, useBrowser } from "../browser";
import { until } from "../until";
import { largeSession, sessions } from "./filling";
import {
  frames,
  highest,
  interactions,
  largestPaint,
  percentile,
  tell,
  watchFrames,
  watchInteractions,
} from "./gauges";

const week = inject("week");
const open = useBrowser();
const times = 5;

const ready = async (page: Page): Promise<void> => {
  await connected(page);
  await page.getByRole("heading", { level: 1 }).waitFor({ state: "attached" });
  await loaded(page);
  await page.waitForLoadState("networkidle");
};

const paths = [
  "/",
  "/?range=7d",
  "/sessions",
  "/sessions?range=7d&order=attention",
  "/agents",
  "/agents?range=7d",
  "/openclaw?range=7d",
];

test.each(paths)("%s is painted", async (path) => {
  const paints: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const page = await open(week.ui + path);
    await ready(page);
    paints.push(await largestPaint(page));
    await page.context().close();
  }
  tell(
    `largest contentful paint of ${path}`,
    highest(paints),
    1_000,
    "ms",
    `(median ${percentile(paints, 0.5).toFixed(0)})`,
  );
});

/** What a user does in a view, one after the other. */
const deeds: Record<string, (page: Page) => Promise<unknown>> = {
  "/": async (page) => {
    await page.getByRole("button", { name: "Last 6h" }).click();
    await page.getByRole("button", { name: "Last 7d" }).click();
    await page.getByRole("button", { name: "As table" }).click();
    await page.getByRole("button", { name: "As table" }).click();
    await page.getByRole("combobox", { name: "What is shown" }).selectOption("all");
    await page
      .getByRole("listitem")
      .getByRole("button", { name: /Raw event of/ })
      .first()
      .click();
  },
  "/sessions?range=7d": async (page) => {
    for (const key of ["j", "j", "j", "k", "p", "j", "Escape", "/"]) await page.keyboard.press(key);
    await page.keyboard.type("framework:codex report ", { delay: 60 });
    await page.keyboard.press("Enter");
  },
  "/agents?range=7d": async (page) => {
    for (const key of ["j", "j", "k"]) await page.keyboard.press(key);
    await page.getByRole("button", { name: "Last 24h" }).click();
    await page.getByRole("button", { name: "Last 7d" }).click();
  },
  "/openclaw?range=7d": async (page) => {
    for (const key of ["j", "j", "k"]) await page.keyboard.press(key);
    await page.getByRole("button", { name: "Last 24h" }).click();
    await page.getByRole("button", { name: "Last 7d" }).click();
  },
  [`/sessions/${largeSession}`]: async (page) => {
    for (const key of [".", ".", ",", "f", "w", "d", "s", "a", "3", "2", "1", "Escape"]) {
      await page.keyboard.press(key);
      await page.waitForTimeout(150);
    }
  },
};

test.each(Object.entries(deeds))("%s answers", async (path, act) => {
  const page = await open(week.ui + path);
  await ready(page);
  await watchInteractions(page);
  await act(page);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search and commands" }).waitFor();
  await page.keyboard.type("report", { delay: 60 });
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "Agents", exact: true }).click();
  await page.waitForTimeout(1_500);
  const noted = (await interactions(page)).sort((a, b) => b.took - a.took);
  const worst = noted.slice(0, 3).map(({ name, took }) => `${name} ${took}`);
  tell(`slowest interaction in ${path}`, noted[0]?.took ?? 0, 100, "ms", `(${worst.join(", ")})`);
});

test("a run of 10,000 spans opens", async () => {
  const took: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const page = await open(`${week.ui}/sessions/${largeSession}`);
    // In the page's own time: since the navigation began, until the picture after the waterfall is there.
    const shown = await page.evaluate(
      () =>
        new Promise<number>((tell) => {
          const look = (now: number): void => {
            if (document.querySelector('[aria-label^="Waterfall of 10000 spans"]')) tell(now);
            else requestAnimationFrame(look);
          };
          requestAnimationFrame(look);
        }),
    );
    took.push(shown);
    await page.context().close();
  }
  tell("10,000 spans open after", highest(took), 1_000, "ms", `(median ${percentile(took, 0.5).toFixed(0)})`);
});

test("100,000 sessions scroll", async () => {
  const from = new Date(Date.now() - 30 * 86_400_000).toISOString();
  const page = await open(`${week.ui}/sessions?from=${from}&to=${new Date().toISOString()}`);
  await ready(page);
  const grid = page.getByRole("grid", { name: "Sessions" });
  await grid.focus();
  // To the end of the list, which comes page by page.
  await until("all sessions are in the list", 50_000, async () => {
    await page.keyboard.press("End");
    return Number(await grid.getAttribute("aria-rowcount")) > sessions;
  });
  await grid.hover();
  await watchFrames(page);
  const begin = performance.now();
  while (performance.now() - begin < 8_000) {
    await page.mouse.wheel(0, -1_500);
    await page.waitForTimeout(16);
  }
  const took = await frames(page);
  const seconds = took.reduce((sum, each) => sum + each, 0) / 1_000;
  const rows = `${await grid.getAttribute("aria-rowcount")} rows, longest frame ${highest(took).toFixed(0)} ms`;
  tell("100,000 sessions scroll at", took.length / seconds, 50, "frames/s", `(${rows})`);
});
