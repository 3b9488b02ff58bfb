/** How the page bears what happens while a million events are stored. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import type { Page } from "playwright-core";
import { inject, test } from "vitest";

import { connected, useBrowser } from "../browser";
import { type Posted, envelope, post } from "../events";
import { story } from "./filling";
import { frames, heap, highest, percentile, processorTime, tell, watchFrames } from "./gauges";

const week = inject("week");
const open = useBrowser();

/** Events of many sessions in turns, as they would be told now. */
function* work(): Generator<Posted> {
  for (let number = 0; ; number += 50) {
    const stories = Array.from({ length: 50 }, (_, at) => story(number + at, Date.now()));
    for (let step = 0; step < 10; step += 1)
      for (const events of stories) {
        const next = events[step]!;
        yield { ...next, event: { ...next.event, ts: new Date().toISOString() } };
      }
  }
}

async function storm(seconds: number): Promise<void> {
  const events = work();
  const [posts, each] = [10, 50]; // a second
  const begin = performance.now();
  for (let done = 0; done < seconds * posts; done += 1) {
    await sleep(Math.max(0, begin + (done * 1_000) / posts - performance.now()));
    await post(week, ...Array.from({ length: each }, () => events.next().value as Posted));
  }
}

test.each(["/", "/?feed=all&range=1h", "/sessions?range=1h", "/agents?range=1h", "/openclaw"])(
  "500 events/s for a minute before %s",
  async (path) => {
    const page = await open(week.ui + path);
    await connected(page);
    const tools = await page.context().newCDPSession(page);
    // What a view keeps of the latest past fills first.
    await storm(8);
    const before = await heap(tools);
    const busyBefore = await processorTime(tools);
    await watchFrames(page);
    await storm(60);
    const busy = ((await processorTime(tools)) - busyBefore) / 60;
    const took = await frames(page);
    const after = await heap(tools);
    const slow = took.filter((each) => each > 50).length;
    tell(
      `${path}: longest frame`,
      highest(took),
      100,
      "ms",
      `(p99 ${percentile(took, 0.99).toFixed(0)} ms, ${slow} over 50 ms; main thread ${(100 * busy).toFixed(0)} % of a processor)`,
    );
    tell(`${path}: memory grew by`, after - before, 5, "MB", `(from ${before.toFixed(1)} to ${after.toFixed(1)} MB)`);
  },
);

/** When the feed shows a text, by this machine's clock, after the picture with it. */
const painted = (page: Page, text: string): Promise<number> =>
  page.evaluate(
    (words) =>
      new Promise<number>((tell) => {
        const look = (): void => {
          const list = document.querySelector('[aria-label^="Latest events"]');
          if (list?.firstElementChild?.textContent?.includes(words)) setTimeout(() => tell(Date.now()));
          else requestAnimationFrame(look);
        };
        look();
      }),
    text,
  );

// On a busy machine each takes its time; to say how long is what this is for.
test("an event that is posted is seen", { timeout: 400_000 }, async () => {
  const page = await open(`${week.ui}/`);
  await connected(page);
  const took: number[] = [];
  for (let number = 0; number < 320; number += 1) {
    const message = randomUUID();
    const correlation = { session_id: `seen-${number % 7}`, run_id: "one" };
    const seen = painted(page, message);
    const begin = Date.now();
    await post(week, envelope("error", { correlation, payload: { error: { type: "measure", message } } }));
    took.push((await seen) - begin);
    await sleep(Math.max(0, 200 - took.at(-1)!));
  }
  tell(
    "an event on the screen, p99, by a watch beside the page",
    percentile(took, 0.99),
    200,
    "ms",
    `(p50 ${percentile(took, 0.5)}, longest ${highest(took)})`,
  );
  const footer = await page.getByRole("contentinfo").innerText();
  console.log(`the page's own words: ${/event to screen [^)]*\)/.exec(footer)?.[0]}`);
});
