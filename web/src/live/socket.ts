import { type Frame, parseFrame } from "./frames";

export type State = "connecting" | "live" | "lost";

const firstPause = 250;
const longestPause = 10_000;
/** A socket that does not open in this time is given up and tried again. */
const openTimeout = 10_000;

/** The live feed's connection: comes back by itself, each time behind the last frame that was seen, so that nothing is
 * missed while the server still has it; else the server tells a gap. */
export class LiveSocket {
  private readonly address: URL;
  private readonly onFrame: (frame: Frame) => void;
  private readonly onState: (state: State) => void;
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private seen: number | null = null;
  private failures = 0;
  private stopped = false;

  constructor(address: URL, onFrame: (frame: Frame) => void, onState: (state: State) => void) {
    this.address = address;
    this.onFrame = onFrame;
    this.onState = onState;
    this.connect();
  }

  /** Tries at once, instead of when the pause is over. */
  retry(): void {
    if (this.socket || this.stopped) return;
    clearTimeout(this.timer);
    this.connect();
  }

  /** Gives the connection up, though it looks open, and makes a new one. */
  renew(): void {
    this.socket?.close();
    this.lose();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.socket?.close();
    this.socket = null;
  }

  private connect(): void {
    const address = new URL(this.address);
    if (this.seen !== null) address.searchParams.set("since", String(this.seen));
    const socket = new WebSocket(address);
    this.socket = socket;
    this.timer = setTimeout(() => this.renew(), openTimeout);
    socket.addEventListener("open", () => clearTimeout(this.timer));
    socket.addEventListener("message", ({ data }) => {
      if (this.socket === socket && typeof data === "string") this.take(data);
    });
    socket.addEventListener("close", () => {
      if (this.socket === socket) this.lose();
    });
  }

  private take(text: string): void {
    const frame = parseFrame(text);
    if (!frame) return;
    if (frame.kind === "hello") {
      this.failures = 0;
      // A server that was started anew counts from the beginning; it tells a gap by itself.
      this.seen = this.seen === null ? frame.seq : Math.min(this.seen, frame.seq);
      this.onState("live");
    } else if (frame.kind !== "gap") {
      this.seen = frame.seq;
    }
    this.onFrame(frame);
  }

  private lose(): void {
    clearTimeout(this.timer);
    this.socket = null;
    if (this.stopped) return;
    this.onState(this.failures === 0 ? "connecting" : "lost");
    const pause = Math.min(longestPause, firstPause * 2 ** this.failures++);
    this.timer = setTimeout(() => this.connect(), pause * (0.5 + Math.random() / 2));
  }
}
