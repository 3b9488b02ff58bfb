import { expect, inject, test } from "vitest";

import { connected, useBrowser, violations } from "./browser";

const week = inject("week");
const open = useBrowser();

interface Told {
  nodes: { name: string; report: { actors: { name: string; above: string }[] } }[];
}

test("the page says first whether agentmon is well, then what is on its way, then how each actor is", async () => {
  const page = await open(`${week.ui}/system`);
  const verdict = page.getByRole("region", { name: "Is agentmon itself well?" });
  await verdict.getByText(/^agentmon is well: 1 node alive, \d+ actors at work\.$/).waitFor();
  await page.getByRole("region", { name: "On its way, all nodes together" }).getByText("nothing waits").waitFor();

  const [node] = ((await (await fetch(`${week.query}/v1/system`)).json()) as Told).nodes;
  await page.getByRole("heading", { level: 2, name: node!.name }).waitFor();
  const shown = new Set(await page.locator("summary .name").allTextContents());
  const names = [...shown].map((each) => each.trim().replace(/\s*×\d+$/, ""));
  for (const { name } of node!.report.actors) expect(names).toContain(name.replace(/-\d+$/, ""));
  expect(shown.size).toBeLessThan(node!.report.actors.length); // pools are told together
});

test("a pool says when opened how each of its members is, and can be reached with keys alone", async () => {
  const page = await open(`${week.ui}/`);
  await connected(page);
  await page.keyboard.press("g");
  await page.keyboard.press("y");
  const processor = page.getByRole("region", { name: /^processor of / });
  await processor.getByText("writer", { exact: false }).first().waitFor();
  const focused = page.locator("summary:focus");
  for (let steps = 0; steps < 40; steps += 1) {
    await page.keyboard.press("j");
    if ((await focused.textContent())?.includes("writer")) break;
  }
  await page.keyboard.press("Enter");
  const opened = processor.locator("details[open]");
  await opened.getByText("writer-2", { exact: true }).waitFor();
  await opened.getByText("No failure since the node was started.").first().waitFor();
  expect(await violations(page)).toEqual([]);
});

test("the command palette leads there", async () => {
  const page = await open(`${week.ui}/`);
  await connected(page);
  await page.keyboard.press("ControlOrMeta+k");
  await page.keyboard.type("System");
  await page
    .getByRole("option", { name: /^System/ })
    .first()
    .click();
  await page.waitForURL((url) => url.pathname === "/system");
});
