/** Readings from within the browser, and how they are told. */
import type { CDPSession, Page } from "playwright-core";
import { expect } from "vitest";

/** Prints a figure beside its limit, and holds it to it. */
export function tell(what: string, figure: number, limit: number, unit = "ms", more = ""): void {
  const isLeast = unit === "frames/s";
  const words = `${figure.toFixed(unit === "ms" || unit === "frames/s" ? 0 : 1)} ${unit}`;
  console.log(`${what.padEnd(58)} ${words.padStart(14)}   asked: ${isLeast ? ">=" : "<"} ${limit} ${unit} ${more}`);
  if (isLeast) expect.soft(figure, what).toBeGreaterThanOrEqual(limit);
  else expect.soft(figure, what).toBeLessThan(limit);
}

export const highest = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), 0);

export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
}

/** The largest contentful paint so far, in milliseconds since the navigation. */
export const largestPaint = (page: Page): Promise<number> =>
  page.evaluate(
    () =>
      new Promise<number>((tell) => {
        new PerformanceObserver((list) => tell(list.getEntries().at(-1)?.startTime ?? NaN)).observe({
          type: "largest-contentful-paint",
          buffered: true,
        });
      }),
  );

/** Begins to note how long keys and clicks take until the picture after them. */
export const watchInteractions = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const noted: { name: string; took: number }[] = [];
    Object.assign(globalThis, { noted });
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries())
        if ("interactionId" in entry && entry.interactionId) noted.push({ name: entry.name, took: entry.duration });
    });
    observer.observe({ type: "event", durationThreshold: 16, buffered: false } as PerformanceObserverInit);
  });

/** Those that took 16 ms or more; all others are below. */
export const interactions = (page: Page): Promise<{ name: string; took: number }[]> =>
  page.evaluate(() => (globalThis as unknown as { noted: { name: string; took: number }[] }).noted);

/** Begins to note the time between painted pictures. */
export const watchFrames = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const frames: number[] = [];
    let last = performance.now();
    const next = (now: number): void => {
      frames.push(now - last);
      last = now;
      requestAnimationFrame(next);
    };
    requestAnimationFrame((now) => {
      last = now;
      requestAnimationFrame(next);
    });
    Object.assign(globalThis, { frames });
  });

/** Milliseconds between the pictures since then. */
export const frames = (page: Page): Promise<number[]> =>
  page.evaluate(() => (globalThis as unknown as { frames: number[] }).frames);

/** Processor time that the page's main thread took so far, in seconds: what a busy machine does not change. */
export async function processorTime(session: CDPSession): Promise<number> {
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const { metrics } = await session.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === "TaskDuration")?.value ?? NaN;
}

/** What the page's scripts hold after the garbage was collected, in MB. */
export async function heap(session: CDPSession): Promise<number> {
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = (await session.send("Runtime.getHeapUsage")) as { usedSize: number };
  return usedSize / 1e6;
}
