/** What is the same on every view: the frame, its keys, its themes, its sizes. */
import type { Locator, Page } from "playwright-core";
import { describe, expect, inject, test } from "vitest";

import { connected, loaded, overhang, patience, rowsOf, sizes, useBrowser, violations } from "./browser";

const week = inject("week");
const open = useBrowser();

/** Each view, and what it shows of any data at all. */
const views: Record<string, (page: Page) => Locator> = {
  "/": (page) => page.getByRole("list", { name: /^Latest events/ }).getByRole("listitem"),
  "/sessions": (page) => rowsOf(page, "Sessions"),
  "/agents": (page) => rowsOf(page, "Agents"),
  "/openclaw": (page) => page.getByRole("article"),
  "/system": (page) => page.getByText(/actors at work/),
};
const paths = Object.keys(views);
const content = (page: Page, path: string): Locator => views[path]!(page);

describe.each(paths)("%s", (path) => {
  test.each(["light", "dark"] as const)("can be read by everybody when it is %s", async (theme) => {
    const page = await open(week.ui + path, { theme });
    await connected(page);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await loaded(page);
    expect(await page.locator("html").getAttribute("data-theme")).toBe(theme);
    expect(await violations(page)).toEqual([]);
  });

  test.each(Object.keys(sizes) as (keyof typeof sizes)[])("fits a %s window", async (size) => {
    const page = await open(week.ui + path, { size });
    await connected(page);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await loaded(page);
    expect(await overhang(page)).toBeLessThanOrEqual(0);
  });
});

test.each(paths)("%s is there after less than 120 KB of scripts", async (path) => {
  const page = await open(week.ui + path);
  await connected(page);
  await loaded(page);
  const scripts = await page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .filter((entry): entry is PerformanceResourceTiming => /\.js$/.test(entry.name))
      .map(({ encodedBodySize }) => encodedBodySize),
  );
  const bytes = scripts.reduce((sum, each) => sum + each, 0);
  expect(scripts.length).toBeGreaterThan(1);
  expect(bytes).toBeGreaterThan(20_000);
  expect(bytes).toBeLessThan(120_000);
});

test("keys lead from view to view, and Back leads back", async () => {
  const page = await open(`${week.ui}/`);
  await connected(page);
  for (const [key, path] of [
    ["s", "/sessions"],
    ["a", "/agents"],
    ["y", "/system"],
    ["o", "/openclaw"],
    ["d", "/"],
  ]) {
    await page.keyboard.press("g");
    await page.keyboard.press(key!);
    await page.waitForURL((url) => url.pathname === path);
  }
  await page.goBack();
  await page.waitForURL((url) => url.pathname === "/openclaw");
  expect(await page.title()).toMatch(/OpenClaw/);
});

test("? shows the keys and Escape closes them", async () => {
  const page = await open(`${week.ui}/`);
  await connected(page);
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keys" });
  await help.getByText("Go to Sessions").waitFor();
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "hidden" });
});

test("a view that is left asks for nothing more", async () => {
  const page = await open(`${week.ui}/sessions?range=7d`);
  await content(page, "/sessions").first().getByRole("link").first().click();
  await page.waitForURL((url) => /^\/sessions\/./.test(url.pathname));
  await page.getByRole("heading", { level: 1 }).waitFor();
  await loaded(page);
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.goBack();
  await content(page, "/sessions").first().waitFor();
  expect(asked).toContain("/v1/sessions");
  expect(asked.filter((path) => path.startsWith("/v1/sessions/"))).toEqual([]);
});

test("the time range goes along from view to view", async () => {
  const page = await open(`${week.ui}/?range=7d`);
  await page.getByRole("link", { name: "Sessions", exact: true }).click();
  await page.waitForURL((url) => url.pathname === "/sessions" && url.searchParams.get("range") === "7d");
  await page.getByRole("button", { name: "Last 6h" }).click();
  await page.waitForURL((url) => url.searchParams.get("range") === "6h");
});

test("a theme that was chosen stays", async () => {
  const page = await open(`${week.ui}/`, { theme: "dark" });
  await page.getByRole("button", { name: "Theme: Auto" }).click();
  await page.getByRole("button", { name: "Theme: Light" }).waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Theme: Light" }).waitFor();
  expect(await page.locator("html").getAttribute("data-theme")).toBe("light");
});

test("an address that leads nowhere says so", async () => {
  const page = await open(`${week.ui}/nowhere`);
  await page.getByText("There is no such page here.").waitFor();
  await page.getByRole("button", { name: "Go to the dashboard" }).click();
  await page.waitForURL((url) => url.pathname === "/");
});

test("nothing on the page may come from elsewhere", async () => {
  const page = await open(`${week.ui}/`, {
    expected: /Content Security Policy|Trusted(HTML|Script)|Failed to load resource/,
  });
  const refused = await page.evaluate(async () => {
    const attempts: Record<string, () => unknown> = {
      "inline script": () => {
        const script = document.createElement("script");
        script.text = "window.ran = true";
        document.head.append(script);
        return "ran" in window;
      },
      "markup from text": () => ((document.createElement("div").innerHTML = "<b>text</b>"), true),
      "a request elsewhere": () => fetch("http://localhost:1/").then(() => true),
    };
    const outcomes: Record<string, boolean> = {};
    for (const [name, attempt] of Object.entries(attempts)) {
      try {
        outcomes[name] = (await attempt()) !== true;
      } catch {
        outcomes[name] = true;
      }
    }
    return outcomes;
  });
  expect(refused).toEqual({ "inline script": true, "markup from text": true, "a request elsewhere": true });
});

test.each(paths)("%s says once that the query API is away, and shows all by itself when it is back", async (path) => {
  const page = await open(`${week.ui}/nowhere`, { theme: "dark", expected: /Failed to load resource/ });
  await connected(page);
  let isAway = true;
  const error = { code: "unavailable", message: "the database is away; is it running?", details: [] };
  await page.route(/\/v1\/(?!ws)/, (route) =>
    isAway ? route.fulfill({ status: 503, json: { error } }) : route.continue(),
  );
  await page.getByRole("navigation").getByRole("link").nth(paths.indexOf(path)).click();
  await page.waitForURL((url) => url.pathname === path);
  await page.getByText("The database is away; is it running?").first().waitFor();
  // Whoever is answered first says so; the others fall silent once the page knows that nobody is answered.
  await expect.poll(() => page.getByText(/is it running/).count(), { timeout: patience }).toBe(1);
  expect(await violations(page)).toEqual([]);
  isAway = false;
  await expect.poll(() => page.getByText(/is it running/).count(), { timeout: patience }).toBe(0);
  await content(page, path).first().waitFor();
});

test.each(["/agents", "/sessions"])("%s of a time without any does not say that there never was one", async (path) => {
  const page = await open(`${week.ui}${path}?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z`);
  await page.getByRole("button", { name: "Show the last 7 days" }).waitFor();
  expect(await page.getByText("No event has come yet").count()).toBe(0);
  expect(await violations(page)).toEqual([]);
  await page.getByRole("button", { name: "Show the last 7 days" }).click();
  await content(page, path).first().waitFor();
});
