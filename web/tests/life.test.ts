/** The page before an agentmon of its own: without any event, with its first one, killed and started again. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { afterAll, beforeAll, expect, test } from "vitest";

import { connected, useBrowser, violations } from "./browser";
import { envelope, post, snapshot } from "./events";
import { Instance, sql } from "./instance";

const open = useBrowser();
const run = promisify(execFile);
let instance: Instance;

beforeAll(async () => {
  instance = await Instance.start();
});
afterAll(() => instance?.close());

/** Runs the command of an empty view as a user would: copied, and pasted into a shell. */
const pasted = (command: string) => run("bash", ["-euo", "pipefail", "-c", command]);

test.each(["/", "/sessions", "/agents"])("%s says how to send the first event", async (path) => {
  const page = await open(instance.place.ui + path);
  await page.getByRole("heading", { name: "No event has come yet" }).waitFor();
  expect(await violations(page)).toEqual([]);
});

test("the command of the empty fleet works as it is copied, and the machine appears", async () => {
  const page = await open(`${instance.place.ui}/openclaw`);
  await connected(page);
  await page.getByRole("heading", { name: "No machine has reported yet" }).waitFor();
  expect(await violations(page)).toEqual([]);
  await page.getByRole("button", { name: "Copy the command" }).click();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  expect((await pasted(command)).stdout).toContain('"accepted":1');
  await page.getByRole("heading", { name: "my-machine" }).waitFor();
});

test("the first event's command works as it is copied, and its session appears", async () => {
  const page = await open(`${instance.place.ui}/sessions`);
  await connected(page);
  await page.getByRole("button", { name: "Copy the command" }).click();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  expect((await pasted(command)).stdout).toContain('"accepted":1');
  await page.getByRole("row", { name: /first-session/ }).waitFor();
});

test("killed and started again: the footer tells, and what is shown is right again", async () => {
  const page = await open(`${instance.place.ui}/openclaw`, {
    expected: /WebSocket connection|ERR_CONNECTION|Failed to load resource/,
  });
  await connected(page);
  await post(instance.place, snapshot("survivor", { cpu_percent: 11 }));
  const shown = page.getByRole("article").filter({ hasText: "survivor" });
  await shown.getByText("11 %", { exact: true }).waitFor();

  await instance.kill();
  const footer = page.getByRole("contentinfo");
  await footer.getByText(/Not connected|Connecting/).waitFor();
  await shown.getByText("11 %", { exact: true }).waitFor();

  await instance.start();
  // What happens while the page is away, and after.
  await post(instance.place, snapshot("survivor", { cpu_percent: 22 }), envelope("custom.tick"));
  await connected(page);
  await shown.getByText("22 %", { exact: true }).waitFor();
  await post(instance.place, snapshot("survivor", { cpu_percent: 33 }));
  await shown.getByText("33 %", { exact: true }).waitFor();
  const [stored] = await sql<{ count: number }>(
    instance.place,
    "SELECT count(*) FROM events WHERE payload->>'name' = 'survivor'",
  );
  expect(stored!.count).toBe(3);
});
