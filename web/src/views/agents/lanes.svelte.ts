import type { Envelope, Run, RunStatus } from "../../api/types";

/** A run as a bar. Times are milliseconds since 1970. */
export interface LaneRun {
  session_id: string;
  run_id: string;
  title: string | null;
  status: RunStatus;
  begin: number;
  /** Its latest event, which is its end when it has ended. */
  last: number;
  errors: number;
}

export interface Glyph {
  at: number;
  kind: "tool" | "failed tool" | "error";
}

/** More bars than this in one lane cannot be told apart; the oldest go. */
const mostRuns = 5_000;
/** Tool calls and errors of the latest past; the oldest go. */
const mostGlyphs = 1_000;
/** Lanes are painted anew at most so often because of what happens, in milliseconds: busy agents would keep the page
 * painting. */
const repaint = 200;

/** What one agent did. */
export class Lane {
  /** Grows when what follows has changed; reading it is reactive. */
  version = $state(0);
  /** In the order they began, but for late news. */
  runs: LaneRun[] = [];
  glyphs: Glyph[] = [];
}

interface Source {
  framework: string;
  client_id?: string | null | undefined;
  host?: string | null | undefined;
}

/** One agent is what sends under one framework, client_id and host. */
export function agentKey({ framework, client_id, host }: Source): string {
  return JSON.stringify([framework, client_id ?? null, host ?? null]);
}

const isOpen = (status: RunStatus): boolean => ["active", "waiting", "stale"].includes(status);
const ends: readonly RunStatus[] = ["success", "error", "aborted"];

/** The lanes of all agents: what the query API told, and what happened since. */
export class Lanes {
  private lanes = new Map<string, Lane>();
  private runs = new Map<string, LaneRun>();
  private readonly changed = new Set<Lane>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  of(key: string): Lane {
    let lane = this.lanes.get(key);
    if (!lane) this.lanes.set(key, (lane = new Lane()));
    return lane;
  }

  /** Forgets the runs, for those of another time; what happened live stays. */
  forget(): void {
    this.runs.clear();
    for (const lane of this.lanes.values()) {
      lane.runs = [];
      this.touch(lane);
    }
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }

  addRuns(runs: readonly Run[]): void {
    for (const run of runs) {
      const told: LaneRun = {
        session_id: run.session_id,
        run_id: run.run_id,
        title: run.title,
        status: run.status,
        begin: Date.parse(run.started_at ?? run.first_ts),
        last: Date.parse(run.last_ts),
        errors: run.counts.errors,
      };
      const known = this.runs.get(keyOfRun(run));
      if (!known) {
        this.add(this.of(agentKey(run)), told);
      } else {
        // The live feed is ahead of what is stored.
        const isAhead = known.last > told.last;
        Object.assign(known, told, isAhead ? { status: known.status, last: known.last } : {});
        this.touch(this.of(agentKey(run)));
      }
    }
    for (const lane of this.changed) {
      lane.runs.sort((a, b) => a.begin - b.begin);
      this.limit(lane);
    }
  }

  take(events: readonly Envelope[]): void {
    for (const event of events) this.takeEvent(event);
  }

  private takeEvent({ event, correlation, payload }: Envelope): void {
    const session_id = correlation?.session_id;
    const at = Date.parse(event.ts);
    if (!session_id || Number.isNaN(at)) return;
    const lane = this.of(agentKey(event.source));
    const kind = glyphOf(event.type, payload ?? {});
    if (kind) {
      lane.glyphs.push({ at, kind });
      if (lane.glyphs.length > mostGlyphs) lane.glyphs.splice(0, lane.glyphs.length - mostGlyphs);
      this.touch(lane);
    }
    if (!correlation.run_id) return;
    const key = keyOfRun({ session_id, run_id: correlation.run_id });
    let run = this.runs.get(key);
    if (!run) {
      const { run_id } = correlation;
      run = { session_id, run_id, title: null, status: "active", begin: at, last: at, errors: 0 };
      this.add(lane, run);
    }
    fold(run, event.type, at, payload?.["status"]);
    this.touch(lane);
  }

  private add(lane: Lane, run: LaneRun): void {
    this.runs.set(keyOfRun(run), run);
    lane.runs.push(run);
    this.limit(lane);
    this.touch(lane);
  }

  private limit(lane: Lane): void {
    if (lane.runs.length <= mostRuns) return;
    for (const run of lane.runs.splice(0, lane.runs.length - mostRuns)) this.runs.delete(keyOfRun(run));
  }

  private touch(lane: Lane): void {
    this.changed.add(lane);
    this.timer ??= setTimeout(() => {
      this.timer = null;
      for (const each of this.changed) each.version += 1;
      this.changed.clear();
    }, repaint);
  }
}

function keyOfRun({ session_id, run_id }: { session_id: string; run_id: string }): string {
  return `${session_id}\n${run_id}`;
}

function glyphOf(type: string, payload: Record<string, unknown>): Glyph["kind"] | null {
  if (type === "error") return "error";
  if (type !== "span.end" || payload["kind"] !== "tool") return null;
  return payload["status"] === "error" ? "failed tool" : "tool";
}

/** What an event changes in its run. Events may come in any order. */
function fold(run: LaneRun, type: string, at: number, status: unknown): void {
  const isLatest = at >= run.last;
  run.begin = Math.min(run.begin, at);
  if (isLatest) run.last = at;
  if (type === "error") run.errors += 1;
  if (type === "run.end") run.status = ends.find((each) => each === status) ?? "ended";
  else if (isLatest && isOpen(run.status)) run.status = type === "run.waiting" ? "waiting" : "active";
}
