import axe from "axe-core";
import { type Browser, type Locator, type Page, chromium } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";

export type Theme = "light" | "dark";
export const sizes = { wide: [1440, 900], middle: [1024, 768], phone: [390, 844] } as const;

/** How long the page may take to show what a test waits for, on a machine that is busy with other things. */
export const patience = 30_000;

export interface Opening {
  theme?: Theme;
  size?: keyof typeof sizes;
  /** Errors in the console that this test brings about. */
  expected?: RegExp;
}

/** For the top of a test file: a browser for its tests. After each, its pages are closed, and none may have logged an
 * error, thrown, or asked for something that the Content-Security-Policy forbids. */
export function useBrowser(): (url: string, opening?: Opening) => Promise<Page> {
  let browser: Browser;
  let pages: Page[] = [];
  let problems: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      // Chromium's sandbox does not work for root, which continuous integration often is.
      args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
    });
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    await Promise.all(pages.map((page) => page.context().close()));
    const found = problems;
    pages = [];
    problems = [];
    expect(found, found.join("; ")).toEqual([]);
  });

  return async (url, { theme = "light", size = "wide", expected } = {}) => {
    const [width, height] = sizes[size];
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme });
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const page = await context.newPage();
    page.setDefaultTimeout(patience);
    pages.push(page);
    const tell = (text: string): void => {
      if (!expected?.test(text)) problems.push(`${url}: ${text}`);
    };
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") tell(message.text());
    });
    page.on("pageerror", (error) => tell(error.message));
    page.on("dialog", (dialog) => {
      tell(`a dialog opened: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(url);
    return page;
  };
}

/** Serious and critical violations that axe finds, in words. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const checker = (globalThis as unknown as { axe: typeof axe }).axe;
    const { violations } = await checker.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, impact, help, nodes }) => ({
      impact,
      words: `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`,
    }));
  });
  return found.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ words }) => words);
}

/** Until the live feed is connected, so that nothing that is posted from then on is missed. */
export const connected = (page: Page): Promise<void> =>
  page.getByRole("contentinfo").getByText("Live", { exact: true }).waitFor();

/** The rows of a grid that are drawn at the moment, without the one of its heads. */
export const rowsOf = (page: Page, grid: string): Locator =>
  page.getByRole("grid", { name: grid }).locator("[role=row]:not([aria-rowindex='1'])");

/** Until no part of the view is a skeleton any more. */
export const loaded = (page: Page): Promise<void> =>
  page.getByRole("status", { name: "Loading" }).first().waitFor({ state: "detached" });

/** Pixels by which the page is wider than its window: more than none, and it scrolls sideways. */
export const overhang = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
