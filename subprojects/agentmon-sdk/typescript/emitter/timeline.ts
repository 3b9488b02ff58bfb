import type { Happening, Status, Usage } from "./envelope.ts";

/** What is known of one session: JSON, so that it can outlive the process. */
export interface SessionRecord {
  started?: boolean;
  runs: Record<string, RunRecord>;
  /** Runs that have ended, the newest last; not told again. */
  endedRuns?: string[];
}

export interface RunRecord {
  at: number;
  /** Of the last thing that happened in it. */
  lastAt: number;
  ended?: boolean;
  /** Nobody told its beginning, so nobody knows how long it takes. */
  joined?: boolean;
  spans: Record<string, SpanRecord>;
  /** Spans that have ended; not told again. */
  done: string[];
}

export interface SpanRecord {
  at: number;
  kind: string;
  name?: string | undefined;
  parent?: string | undefined;
}

/** What is told with a start or an end. */
export interface Told {
  status?: Status | undefined;
  duration?: number | undefined;
  kind?: string | undefined;
  name?: string | undefined;
  parent?: string | undefined;
  trace?: string | undefined;
  error?: Happening["error"];
  usage?: Usage | undefined;
  input?: unknown;
  output?: unknown;
  attributes?: Record<string, unknown> | undefined;
  details?: Record<string, unknown> | undefined;
}

const rememberedSpans = 2000;
const rememberedRuns = 200;

/** Tells what happens in one session, each start and each end once, whatever how many sources say it, and leaves nothing
 * open: a run that ends takes its spans with it, a session its runs. */
export class Timeline {
  readonly session: string;
  readonly record: SessionRecord;
  private readonly tell: (happening: Happening) => void;

  constructor(session: string, record: SessionRecord, tell: (happening: Happening) => void) {
    this.session = session;
    this.record = record;
    this.tell = tell;
  }

  startSession(at: number, told: Told = {}): void {
    this.record.started = true;
    this.say("session.start", at, {}, told);
  }

  /** Once, when it is the first that is heard of the session. */
  ensureSession(at: number, told: Told = {}): void {
    if (!this.record.started) this.startSession(at, told);
  }

  endSession(at: number, told: Told = {}): void {
    for (const run of Object.keys(this.record.runs)) {
      if (this.isOpen(run)) this.endRun(run, at, { status: "aborted", error: { type: "session_ended", message: "The session ended before its run did." } });
      this.closeSpans(run, at, false);
    }
    this.record.runs = {};
    this.record.started = false;
    this.say("session.end", at, {}, told);
  }

  isOpen(run: string | undefined): boolean {
    const known = run === undefined ? undefined : this.record.runs[run];
    return known !== undefined && !known.ended;
  }

  /** The newest run that has not ended. */
  openRun(): string | undefined {
    return Object.keys(this.record.runs)
      .filter((run) => this.isOpen(run))
      .at(-1);
  }

  startRun(run: string, at: number, told: Told = {}): void {
    if (this.record.runs[run] || this.hasEnded(run)) return;
    this.record.runs[run] = { at, lastAt: at, spans: {}, done: [] };
    this.say("run.start", at, { run }, told);
  }

  /** A run in the middle of which the listening began. */
  joinRun(run: string, at: number): void {
    if (this.record.runs[run] || this.hasEnded(run)) return;
    this.record.runs[run] = { at, lastAt: at, joined: true, spans: {}, done: [] };
  }

  hasEnded(run: string): boolean {
    return this.record.endedRuns?.includes(run) ?? false;
  }

  /** Spans that are open end with it; sub-agents go on with what is open in them, for they can outlive the run that
   * started them. */
  endRun(run: string, at: number, told: Told = {}): void {
    if (this.hasEnded(run)) return;
    const known = this.record.runs[run];
    this.closeSpans(run, at, true);
    const duration = told.duration ?? (known && !known.joined ? Math.max(0, at - known.at) : undefined);
    this.say("run.end", at, { run }, { ...told, duration });
    this.record.endedRuns = [...(this.record.endedRuns ?? []).slice(1 - rememberedRuns), run];
    if (!known) return;
    known.ended = true;
    if (Object.keys(known.spans).length === 0) delete this.record.runs[run];
  }

  startSpan(run: string, span: string, at: number, told: Told & { kind: string }): void {
    const known = this.known(run, at);
    if (!known || known.spans[span] || known.done.includes(span)) return;
    known.lastAt = Math.max(at, known.lastAt);
    known.spans[span] = { at, kind: told.kind, name: told.name, parent: told.parent };
    this.say("span.start", at, { run, span }, told);
  }

  endSpan(run: string, span: string, at: number, told: Told = {}): void {
    const known = this.record.runs[run];
    if (known ? known.done.includes(span) : this.hasEnded(run)) return;
    const open = known?.spans[span];
    const duration = told.duration ?? (open ? Math.max(0, at - open.at) : undefined);
    if (open?.kind === "subagent") this.closeWithin(run, span, at);
    this.say("span.end", at, { run, span }, { ...told, kind: told.kind ?? open?.kind, name: told.name ?? open?.name, parent: told.parent ?? open?.parent, duration });
    if (!known) return;
    known.lastAt = Math.max(at, known.lastAt);
    delete known.spans[span];
    known.done = [...known.done.slice(1 - rememberedSpans), span];
    if (known.ended && Object.keys(known.spans).length === 0) delete this.record.runs[run];
  }

  /** The open span that `fits` and was started last. */
  lastSpan(run: string, fits: (span: SpanRecord, id: string) => boolean): string | undefined {
    const open = Object.entries(this.record.runs[run]?.spans ?? {});
    return open.filter(([id, span]) => fits(span, id)).at(-1)?.[0];
  }

  /** Any other event of this session. */
  note(type: string, at: number, where: { run?: string | undefined; span?: string | undefined }, told: Told = {}): void {
    const known = this.record.runs[where.run ?? ""];
    if (known) known.lastAt = Math.max(at, known.lastAt);
    this.say(type, at, where, told);
  }

  /** A run that has ended is not forgotten: its sub-agents may begin later. */
  private known(run: string, at: number): RunRecord | undefined {
    if (!this.record.runs[run] && this.hasEnded(run)) this.record.runs[run] = { at, lastAt: at, ended: true, spans: {}, done: [] };
    return this.record.runs[run];
  }

  /** Ends the open spans of a run, of which nothing more will be heard. */
  closeSpans(run: string, at: number, keepSubagents: boolean): void {
    for (const [span, open] of Object.entries(this.record.runs[run]?.spans ?? {})) {
      if (keepSubagents && this.inSubagent(run, span)) continue;
      if (this.record.runs[run]?.spans[span] === open) this.closeSpan(run, span, at);
    }
  }

  /** Ends what is open within a span, but for sub-agents, which go on. */
  private closeWithin(run: string, around: string, at: number): void {
    for (const [span, open] of Object.entries(this.record.runs[run]?.spans ?? {})) {
      if (span === around || open.parent !== around || open.kind === "subagent") continue;
      this.closeSpan(run, span, at);
    }
  }

  private closeSpan(run: string, span: string, at: number): void {
    this.endSpan(run, span, at, {
      status: "aborted",
      error: { type: "no_end", message: "Nothing said how this ended: it failed, was refused or was interrupted." },
    });
  }

  /** A span is, or is within, a sub-agent that is at work. */
  private inSubagent(run: string, span: string): boolean {
    const spans = this.record.runs[run]?.spans ?? {};
    const seen = new Set<string>(); // what agents name as parents may go round
    for (let each: string | undefined = span; each !== undefined && !seen.has(each); each = spans[each]?.parent) {
      if (spans[each]?.kind === "subagent") return true;
      seen.add(each);
    }
    return false;
  }

  private say(type: string, at: number, where: { run?: string | undefined; span?: string | undefined }, told: Told): void {
    const { parent, trace, ...rest } = told;
    const correlation = { session: this.session, ...where, parent, trace };
    const seed = [type, this.session, where.run ?? "", where.span ?? ""].join("\n");
    this.tell({ type, at, correlation, seed, ...rest });
  }
}
