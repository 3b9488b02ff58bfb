import { access } from "../api/access.svelte";
import type { Envelope, Session, Vm } from "../api/types";
import type { Frame } from "./frames";
import { Latency } from "./latency";
import { LiveSocket, type State } from "./socket";

/** What came since the last look; each list in the order it came. */
export interface News {
  events: Envelope[];
  sessions: Session[];
  vms: Vm[];
  /** True when something before these is in no frame: ask the query API again. */
  gap: boolean;
}

/** Frames wait for the next painted picture; a page in the background looks once a second, and beyond this many events
 * the oldest are dropped and told as a gap. */
const eventsWaiting = 5_000;
const backgroundLook = 1_000;
/** How long after the last frame a connection is doubted when the machine wakes or its network comes back. */
const doubtAfter = 30_000;

/** The one live connection of the page. Reading its fields is reactive; news are handed to those who subscribed, at most
 * once a painted picture. */
class Live {
  state = $state<State>("connecting");
  /** When the connection was lost, or was first given up, while it is. */
  lostSince = $state<number | null>(null);
  /** The latest return after a loss: how long it took, and whether something was missed meanwhile. */
  resumed = $state.raw<{ at: number; after: number; missed: boolean } | null>(null);
  /** Frames missed on this page so far, and whether there were gaps of unknown size. */
  missed = $state({ gaps: 0, frames: 0, unknown: false });
  latency = $state<{ p50: number; p99: number; count: number } | null>(null);

  private readonly subscribers = new Set<(news: News) => void>();
  private readonly measured = new Latency();
  private socket: LiveSocket | null = null;
  private waiting = emptyNews();
  private lookIsDue = false;
  private lastFrame = 0;
  /** After a hello: a gap that comes first is what happened while the connection was lost. */
  private isFirstFrame = false;
  private wasGreeted = false;

  start(): void {
    const address = new URL("/v1/ws", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.socket = new LiveSocket(
      address,
      (frame) => this.take(frame),
      (state) => this.changeTo(state),
    );
    addEventListener("online", () => this.wake());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.wake();
    });
  }

  /** Calls `take` with what comes from now on, until the returned function is called. */
  subscribe(take: (news: News) => void): () => void {
    this.subscribers.add(take);
    return () => this.subscribers.delete(take);
  }

  /** The user has read it. */
  forgetMissed(): void {
    this.missed = { gaps: 0, frames: 0, unknown: false };
  }

  retry(): void {
    this.socket?.retry();
  }

  private wake(): void {
    this.socket?.retry();
    if (this.state === "live" && performance.now() - this.lastFrame > doubtAfter) this.socket?.renew();
  }

  private changeTo(state: State): void {
    if (state === "live") {
      if (this.lostSince !== null && this.wasGreeted)
        this.resumed = { at: Date.now(), after: Date.now() - this.lostSince, missed: false };
      this.lostSince = null;
    } else if (this.state === "live" || state === "lost") this.lostSince ??= Date.now();
    if (state === "lost") void access.check();
    this.state = state;
  }

  private take(frame: Frame): void {
    this.lastFrame = performance.now();
    if (frame.kind === "hello") {
      this.isFirstFrame = true;
      if (!this.wasGreeted) this.greet();
      return;
    }
    if (this.isFirstFrame && frame.kind === "gap" && this.resumed) this.resumed = { ...this.resumed, missed: true };
    this.isFirstFrame = false;
    if (frame.kind === "gap") this.miss(frame.missed);
    else if (frame.kind === "events") for (const event of frame.events) this.waiting.events.push(event);
    else if (frame.kind === "sessions") for (const session of frame.sessions) this.waiting.sessions.push(session);
    else for (const vm of frame.vms) this.waiting.vms.push(vm);
    const tooMany = this.waiting.events.length - eventsWaiting;
    if (tooMany > 0) {
      this.waiting.events.splice(0, tooMany);
      this.waiting.gap = true;
    }
    this.lookSoon();
  }

  /** What was stored after the views asked and before this is in no frame: they ask again. */
  private greet(): void {
    this.wasGreeted = true;
    if (this.subscribers.size === 0) return;
    this.waiting.gap = true;
    this.lookSoon();
  }

  private miss(frames: number | null): void {
    this.waiting.gap = true;
    this.missed.gaps += 1;
    if (frames === null) this.missed.unknown = true;
    else this.missed.frames += frames;
  }

  private lookSoon(): void {
    if (this.lookIsDue) return;
    this.lookIsDue = true;
    if (document.visibilityState === "visible") requestAnimationFrame(() => this.look());
    else setTimeout(() => this.look(), backgroundLook);
  }

  private look(): void {
    this.lookIsDue = false;
    const news = this.waiting;
    this.waiting = emptyNews();
    for (const take of this.subscribers) take(news);
    if (news.events.length > 0 && document.visibilityState === "visible") this.measure(news.events);
  }

  private measure(events: readonly Envelope[]): void {
    // After the next paint: what the user sees, not what the script has.
    requestAnimationFrame(() =>
      setTimeout(() => {
        const now = Date.now();
        for (const { event } of events) this.measured.add(now - Date.parse(event.ts));
        const p50 = this.measured.percentile(0.5);
        const p99 = this.measured.percentile(0.99);
        if (p50 !== null && p99 !== null) this.latency = { p50, p99, count: this.measured.count };
      }),
    );
  }
}

function emptyNews(): News {
  return { events: [], sessions: [], vms: [], gap: false };
}

export const live = new Live();
