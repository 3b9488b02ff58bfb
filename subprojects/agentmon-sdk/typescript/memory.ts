import { limits } from "./emitter/limits.ts";
import type { Batch, Queue } from "./emitter/sender.ts";

const memoryBytes = 32 * 1024 * 1024;

/** Events that are gone with the process. Their sizes are counted in characters. */
export class Memory implements Queue {
  private events: string[] = [];
  private size = 0;

  get length(): number {
    return this.events.length;
  }

  add(events: readonly string[]): void {
    const more = sum(events);
    if (this.size + more > memoryBytes) throw new Error("there is no more room for events that wait");
    this.size += more;
    this.events.push(...events);
  }

  isEmpty(): boolean {
    return this.events.length === 0;
  }

  next(): Batch {
    let count = 0;
    for (let size = 0; count < Math.min(this.events.length, limits.batchEvents); count += 1) {
      size += this.events[count]?.length ?? 0;
      if (count > 0 && size > limits.batchBytes) break;
    }
    return { files: [], events: this.events.slice(0, count) };
  }

  remove(batch: Batch): void {
    this.size -= sum(this.events.splice(0, batch.events.length));
  }

  clear(): void {
    this.events = [];
    this.size = 0;
  }
}

function sum(events: readonly string[]): number {
  return events.reduce((size, event) => size + event.length, 0);
}
