import type { Answer, Problem } from "./ask";

const firstPause = 2_000;
const longestPause = 15_000;

/** Whether the same question may be answered later without anybody's doing: nothing answered, or what stands behind it
 * is away. */
const isPassing = ({ status }: Problem): boolean => status === null || status === 429 || status >= 502;

/** How long to wait before it is asked again after so many failures in a row, in milliseconds. */
const pauseAfter = (failures: number): number => Math.min(longestPause, firstPause * 2 ** (failures - 1));

/** Asks again what was not answered, ever less often until it is. With the first of them that is answered all others ask,
 * too: what was away is back. */
export class Retry {
  private static readonly waiting = new Set<Retry>();
  private readonly ask: () => void;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ask: () => void) {
    this.ask = ask;
  }

  /** To be told of each answer. */
  take(answer: Answer<unknown>): void {
    this.stop();
    if (answer.ok) {
      const isBack = this.failures > 0;
      this.failures = 0;
      if (isBack) for (const other of [...Retry.waiting]) other.now();
      return;
    }
    this.failures += 1;
    if (!isPassing(answer.problem)) return;
    Retry.waiting.add(this);
    this.timer = setTimeout(() => this.now(), pauseAfter(this.failures));
  }

  /** It is asked anyway, or no more. */
  stop(): void {
    clearTimeout(this.timer);
    Retry.waiting.delete(this);
  }

  private now(): void {
    this.stop();
    this.ask();
  }
}
