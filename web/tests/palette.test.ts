/** Ctrl+K: the palette, also for hands that are faster than the page. */
import { randomUUID } from "node:crypto";

import type { Page } from "playwright-core";
import { expect, inject, test } from "vitest";

import { connected, patience, useBrowser, violations } from "./browser";
import { envelope, post } from "./events";
import { until } from "./until";

const week = inject("week");
const open = useBrowser();

const palette = (page: Page) => page.getByRole("dialog", { name: /Search/ });

/** Holds back what the page asks for at such addresses, until the returned function is called; then `other` may lead to
 * another answer. */
async function holdBack(page: Page, address: RegExp, other = (url: string): string => url): Promise<() => void> {
  let letGo = (): void => {};
  const late = new Promise<void>((done) => (letGo = done));
  await page.route(address, async (route) => {
    await late;
    await route.continue({ url: other(route.request().url()) });
  });
  return letGo;
}

const search = /\/v1\/sessions\?q=/;
/** In the place of a search, for whose index a test would have to wait. */
const newest = (url: string): string => url.replace(/q=[^&]*&/, "");

test("the palette finds a view by its name, without the mouse", async () => {
  const page = await open(`${week.ui}/`);
  await connected(page);
  await page.keyboard.press("Control+k");
  await palette(page).getByRole("combobox").waitFor();
  expect(await violations(page)).toEqual([]);
  await page.keyboard.type("sessions");
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname === "/sessions");
});

test("what is typed while the palette is still loaded is not lost", async () => {
  const page = await open(`${week.ui}/`);
  await connected(page);
  const arrive = await holdBack(page, /PaletteSearch.*\.js/);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("sessions");
  arrive();
  await palette(page)
    .getByRole("option", { name: /^Sessions/ })
    .waitFor();
  expect(await palette(page).getByRole("combobox").inputValue()).toBe("sessions");
});

test("Enter while the palette is still loaded is not lost", async () => {
  const page = await open(`${week.ui}/`);
  await connected(page);
  const arrive = await holdBack(page, /PaletteSearch.*\.js/);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("sessions");
  await page.keyboard.press("Enter");
  arrive();
  await page.waitForURL((url) => url.pathname === "/sessions");
  await palette(page).waitFor({ state: "hidden" });
});

test("Enter before the sessions are found goes to the session, when it is", async () => {
  const [session_id, run_id] = [randomUUID(), randomUUID()];
  await post(week, envelope("run.start", { correlation: { session_id, run_id }, payload: { input: "asked" } }));
  const page = await open(`${week.ui}/`);
  await connected(page);
  const arrive = await holdBack(page, search, newest);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("asked");
  await page.keyboard.press("Enter");
  await palette(page).getByText("Goes to the best when it is found").waitFor();
  arrive();
  await page.waitForURL((url) => url.pathname === `/sessions/${session_id}`);
});

test("what was chosen stays chosen when more is found before it", async () => {
  const page = await open(`${week.ui}/`);
  await connected(page);
  const arrive = await holdBack(page, search, newest);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("theme");
  const wanted = palette(page).getByRole("option", { name: /light theme/ });
  await wanted.waitFor();
  while ((await wanted.getAttribute("aria-selected")) !== "true") await page.keyboard.press("ArrowDown");
  arrive();
  await palette(page).getByText(/found/).waitFor();
  expect(await wanted.getAttribute("aria-selected")).toBe("true");
  await page.keyboard.press("Enter");
  await until("the light theme was chosen", patience, async () =>
    page.getByRole("button", { name: "Theme: Light" }).isVisible(),
  );
});
