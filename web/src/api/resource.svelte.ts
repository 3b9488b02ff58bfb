import { untrack } from "svelte";

import type { Answer, Problem } from "./ask";
import { Retry } from "./retry";

/** What a view asked for: the last value stays while a new one is on its way. A problem that may pass is asked away. */
export class Resource<T> {
  value = $state.raw<T | null>(null);
  problem = $state.raw<Problem | null>(null);
  loading = $state(true);

  private readonly question: (signal: AbortSignal) => Promise<Answer<T>>;
  private underWay: AbortController | null = null;
  private dirty = false;
  private lastAsked = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly retry = new Retry(() => void this.again());

  constructor(question: (signal: AbortSignal) => Promise<Answer<T>>) {
    this.question = question;
  }

  /** Asks at once; an earlier question is taken back. */
  async again(): Promise<void> {
    this.underWay?.abort();
    this.retry.stop();
    const controller = new AbortController();
    this.underWay = controller;
    this.loading = true;
    this.dirty = false;
    this.lastAsked = performance.now();
    const answer = await this.question(controller.signal);
    if (controller.signal.aborted) return;
    this.underWay = null;
    this.loading = false;
    if (answer.ok) this.value = answer.value;
    this.problem = answer.ok ? null : answer.problem;
    this.retry.take(answer);
    if (this.dirty) this.soon();
  }

  /** Asks because something happened: at most once in `every` milliseconds, and never two at a time. */
  soon(every = 1000): void {
    if (this.underWay) {
      this.dirty = true;
      return;
    }
    if (this.timer) return;
    const wait = Math.max(0, this.lastAsked + every - performance.now());
    this.timer = setTimeout(() => {
      this.timer = null;
      void this.again();
    }, wait);
  }

  stop(): void {
    this.underWay?.abort();
    this.retry.stop();
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }
}

/** For the top of a component: asks now, again when what the question reads changes, and stops with the component.
 * `forget`: whether an old value must not be seen while the new one is on its way (another subject was asked for). */
export function resource<T>(
  question: (signal: AbortSignal) => Promise<Answer<T>>,
  { forget = false }: { forget?: boolean } = {},
): Resource<T> {
  // The question runs within the effect up to its first await, so that what it reads is what it depends on.
  const asked = new Resource(question);
  $effect(() => {
    if (forget) untrack(() => (asked.value = null));
    void asked.again();
    return () => asked.stop();
  });
  return asked;
}
