/** How long events take from their sender's clock to this screen, over the latest ones. */
export class Latency {
  private readonly latest: number[] = [];
  private next = 0;

  /** At most this many are kept: enough for a 99th percentile that means something. */
  static readonly kept = 500;
  /** An event older than this was not sent when it happened (an import, a spool that was emptied): it says nothing of
   * the way here. In milliseconds. */
  static readonly oldest = 30_000;

  add(milliseconds: number): void {
    if (!(milliseconds < Latency.oldest)) return;
    this.latest[this.next] = milliseconds;
    this.next = (this.next + 1) % Latency.kept;
  }

  /** Null before the first event. Negative when the sender's clock is ahead of this machine's. */
  percentile(part: number): number | null {
    if (this.latest.length === 0) return null;
    const sorted = this.latest.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? null;
  }

  get count(): number {
    return this.latest.length;
  }
}
