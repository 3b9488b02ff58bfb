/** The agents' lanes. */
import { randomUUID } from "node:crypto";

import type { Page } from "playwright-core";
import { expect, inject, test } from "vitest";

import { count, counted, money, percent, shortCount } from "../src/words/numbers";
import { connected, overhang, patience, rowsOf, useBrowser, violations } from "./browser";
import { type Posted, envelope, post, snapshot } from "./events";
import { type Figures, figuresOf } from "./figures";
import { allStored, sql } from "./instance";
import { pastDay } from "./ranges";
import { until } from "./until";

const week = inject("week");
const open = useBrowser();

const lanes = (page: Page) => rowsOf(page, "Agents");
const lane = (page: Page, name: string) => lanes(page).filter({ has: page.getByRole("link", { name, exact: true }) });
const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);

/** An agent of its own, and what it tells. */
function agent(name = `agent-${randomUUID().slice(0, 8)}`) {
  const source = { framework: "browser-test", client_id: name, host: name };
  const correlation = { session_id: randomUUID(), run_id: "one" };
  const say = (type: string, payload = {}, ts = new Date(), ids = {}): Posted =>
    envelope(type, { ts, source, correlation: { ...correlation, ...ids }, payload });
  return { name, session: correlation.session_id, say };
}

/** How many points of a lane's picture are painted in a colour of the theme. */
const painted = (page: Page, name: string, colour: string): Promise<number> =>
  lane(page, name)
    .locator("canvas")
    .evaluate((canvas: HTMLCanvasElement, variable) => {
      const copy = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height + 1 });
      const context = copy.getContext("2d", { willReadFrequently: true });
      if (!context) return NaN;
      context.drawImage(canvas, 0, 0);
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(variable);
      context.fillRect(0, canvas.height, 1, 1);
      const [red, green, blue] = context.getImageData(0, canvas.height, 1, 1).data;
      let found = 0;
      for (let at = 0; at < data.length; at += 4)
        if (data[at] === red && data[at + 1] === green && data[at + 2] === blue && data[at + 3] === 255) found += 1;
      return found;
    }, colour);

test("each agent's statistics of a past day are those of SQL over the events", async () => {
  const day = pastDay();
  const page = await open(`${week.ui}/agents?${day.query}`);
  await lanes(page).first().waitFor();
  const agents = await sql<{ framework: string; client_id: string; host: string }>(
    week,
    `SELECT DISTINCT source_framework AS framework, client_id, host FROM events
     WHERE ${day.sql} AND session_id IS NOT NULL AND source_framework IN ('openclaw', 'codex', 'claude-code')`,
  );
  expect(agents.length).toBeGreaterThan(2);
  for (const { framework, client_id, host } of agents) {
    const where = `framework = '${framework}' AND client_id = '${client_id}' AND host = '${host}'`;
    const [asked] = await sql<Figures>(week, figuresOf(`'${day.from}'`, `'${day.to}'`, where));
    const row = lane(page, client_id).filter({ has: page.getByText(framework, { exact: true }) });
    const cell = async (name: string): Promise<string> => (await row.locator(`.${name}`).innerText()).trim();
    expect({
      ...{ runs: await cell("runs"), failing: await cell("failing"), errors: await cell("errors") },
      ...{ tokens: await cell("tokens"), cost: await cell("cost"), busy: await cell("busy") },
    }).toEqual({
      ...{ runs: count(asked!.runs), failing: percent(asked!.failed_runs / asked!.runs), errors: count(asked!.errors) },
      ...{ tokens: shortCount(asked!.tokens), cost: money(asked!.cost), busy: percent(asked!.took! / 86_400_000) },
    });
    const picture = await row.locator("canvas").getAttribute("aria-label");
    expect(picture).toContain(`${counted(asked!.tool_calls, "tool call")}, ${counted(asked!.errors, "error")}`);
  }
});

test("tool calls and errors from before the page was opened are in the picture", async () => {
  const { name, say } = agent();
  const events = Array.from({ length: 20 }, (_, call) =>
    say("span.end", { kind: "tool", name: "Bash", status: "success" }, minutesAgo(50 - call), { span_id: `${call}` }),
  );
  await post(week, say("run.start", {}, minutesAgo(51)), ...events, say("error", {}, minutesAgo(20)));
  await post(week, say("run.end", { status: "success" }, minutesAgo(19)));
  await allStored(week);
  const page = await open(`${week.ui}/agents?range=1h`);
  await lane(page, name).waitFor();
  await until("the error is painted", patience, async () => (await painted(page, name, "--bad")) > 20);
});

test("a lane follows what its agent does: at work, waiting, done, with a failed call", async () => {
  const { name, session, say } = agent();
  const page = await open(`${week.ui}/agents?range=1h`);
  await connected(page);
  await post(week, say("run.start", { input: "Water the plants." }));
  const row = lane(page, name);
  await row.getByText(/at work for/).waitFor();
  await row.getByRole("link", { name: "Water the plants." }).waitFor();
  await until("its run is counted", patience, async () => (await row.locator(".runs").innerText()).startsWith("1"));
  expect(await painted(page, name, "--bad")).toBe(0);
  await post(week, say("span.end", { kind: "tool", name: "Hose", status: "error" }, new Date(), { span_id: "hose" }));
  await until("the failed call is painted", patience, async () => (await painted(page, name, "--bad")) > 0);
  await until("the error is counted", patience, async () => (await row.locator(".errors").innerText()).trim() === "1");
  await post(week, say("run.waiting", { input: "May I?" }));
  await row.getByText(/waits for you for/).waitFor();
  await until("who waits comes first", patience, async () =>
    (await lanes(page).first().innerText()).includes("waits for"),
  );
  await post(week, say("run.end", { status: "success", duration_ms: 60_000 }));
  await row.getByText(/idle for/).waitFor();
  await row.getByRole("link", { name, exact: true }).click();
  await page.waitForURL((url) => url.pathname === "/sessions" && url.searchParams.get("client_id") === name);
  await page.getByRole("row", { name: /Water the plants/ }).waitFor();
  expect(session).not.toBe("");
});

test("a run without an event for ten minutes stands out, and leads to its session", async () => {
  const { name, session, say } = agent();
  await post(week, say("run.start", { input: "Count the stars." }, minutesAgo(15)));
  await allStored(week);
  const page = await open(`${week.ui}/agents?range=1h`);
  const row = lane(page, name);
  await row.getByText(/no event for 15 min/).waitFor();
  expect(await row.locator(".lane.stuck").count()).toBe(1);
  const states = await lanes(page).evaluateAll((all) =>
    all.map((each) => each.querySelector(".lane")?.className.match(/waiting|stuck|active|idle/)?.[0] ?? ""),
  );
  const rank = ["waiting", "stuck", "active", "idle"];
  expect(states).toEqual(states.toSorted((a, b) => rank.indexOf(a) - rank.indexOf(b)));
  expect(await violations(page)).toEqual([]);
  await row.getByRole("link", { name: "Count the stars." }).click();
  await page.waitForURL((url) => url.pathname === `/sessions/${session}`);
});

test("keys go from lane to lane, to what an agent does and to its sessions", async () => {
  const { name, session, say } = agent();
  await post(week, say("run.start", { input: "Walk." }), say("run.waiting", {}, new Date(Date.now() + 1)));
  await allStored(week);
  const page = await open(`${week.ui}/agents?range=1h`);
  await lane(page, name).waitFor();
  const chosen = page.locator("[role=row][aria-selected=true]");
  for (let steps = 0; steps < 50 && !(await chosen.getByText(name, { exact: true }).count()); steps += 1)
    await page.keyboard.press("j");
  await page.keyboard.press("p");
  await page.waitForURL((url) => url.pathname === `/sessions/${session}`);
  await page.goBack();
  await lane(page, name).waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await chosen.waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname === "/sessions" && url.searchParams.get("range") === "1h");
});

test("the machine of an agent tells its state, and moves with its readings", async () => {
  const { name, say } = agent();
  await post(week, say("run.start"), snapshot(name));
  await allStored(week);
  const page = await open(`${week.ui}/agents?range=1h`);
  await connected(page);
  const pill = lane(page, name).getByTitle(`Its machine ${name}`);
  await pill.getByText("running").waitFor();
  expect(await pill.getAttribute("class")).toContain("good");
  await post(week, snapshot(name, { gateway: { up: false }, issues: ["the disk is full"] }));
  await pill.getByText("running, 1 issue, gateway down").waitFor();
  expect(await pill.getAttribute("class")).toContain("bad");
  await post(week, snapshot(name, { state: "paused" }));
  await until("it is paused", patience, async () => (await pill.innerText()).trim().endsWith("paused"));
  expect(await pill.getAttribute("class"), "off by somebody's will").toContain("dim");
  await pill.click();
  await page.waitForURL((url) => url.pathname === "/openclaw");
});

test("hostile names stay names, in each size", async () => {
  const { name, say } = agent(`<img src=x onerror=alert(1)>\u202e${"n".repeat(80)}`);
  await post(week, say("run.start", { input: `<script>alert(2)</script>${"w".repeat(3_000)}` }));
  await allStored(week);
  for (const size of ["wide", "phone"] as const) {
    const page = await open(`${week.ui}/agents?range=1h`, { size });
    await lanes(page).filter({ hasText: "<script>alert(2)</script>" }).waitFor();
    expect(await lanes(page).locator("img, script").count()).toBe(0);
    expect(await overhang(page)).toBeLessThanOrEqual(0);
  }
  expect(name).toContain("<img");
});
