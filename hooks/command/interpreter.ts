import type { Usage } from "../agentmon/emitter/envelope.ts";
import { type SessionRecord, Timeline, type Told } from "../agentmon/emitter/timeline.ts";
import type { Arrival } from "./inbox.ts";
import { type Fields, figure, text } from "../agentmon/emitter/read.ts";
import { sum } from "./usage.ts";

/** What is remembered of a session between two calls of a hook. */
export interface CommandRecord extends SessionRecord {
  lastArrival?: string;
  model?: string;
  /** The run in which a sub-agent was started, by sub-agent. */
  agents: Record<string, string>;
  /** Tool calls that started sub-agents, where the call ended before the sub-agent was heard of. */
  callers: Record<string, string>;
  /** Tokens of sub-agents that no run has told yet. */
  unsaid?: Usage;
  /** Only notify has spoken of this session. */
  fromNotify?: boolean;
  /** A human was asked, and nothing has happened since. */
  waiting?: boolean;
}

/** What the hook calls of Claude Code and of Codex have in common: their names and most of their keys. */
export abstract class Interpreter<Record extends CommandRecord> {
  protected readonly at: number;
  protected readonly said: Fields;
  protected readonly record: Record;
  protected readonly timeline: Timeline;

  constructor(arrival: Arrival, record: Record, timeline: Timeline) {
    this.at = arrival.at;
    this.said = arrival.payload;
    this.record = record;
    this.timeline = timeline;
    const model = text(this.said.model);
    if (model) record.model = model;
  }

  /** The tokens of a run and of the sub-agents that ended in it. */
  protected abstract usage(run: string): Usage | undefined;

  /** How a run ended that nothing ended. */
  protected abstract unfinished(run: string): Told;

  /** The turn that the call names. */
  protected abstract turn(): string | undefined;

  protected agent(): string | undefined {
    return text(this.said.agent_id);
  }

  /** The run that the call belongs to. A sub-agent works for the run that started it. */
  protected run(): string | undefined {
    const agent = this.agent();
    return (agent === undefined ? undefined : this.record.agents[agent]) ?? this.turn() ?? this.timeline.openRun();
  }

  /** The same, also when nobody told its beginning: the hooks may have been installed in the middle of it. */
  protected ensureRun(): string | undefined {
    const run = this.run();
    if (run) this.joinRun(run);
    return run;
  }

  private joinRun(run: string): void {
    if (this.record.runs[run] || this.timeline.hasEnded(run)) return;
    this.finishRuns();
    this.timeline.joinRun(run, this.at);
  }

  /** A run that is still open then was interrupted in a way that calls no hook. */
  protected startRun(run: string, told: Told): void {
    if (this.record.runs[run] || this.timeline.hasEnded(run)) return;
    this.finishRuns();
    this.timeline.startRun(run, this.at, told);
  }

  protected finishRuns(): void {
    for (const [run, { lastAt }] of Object.entries(this.record.runs))
      if (this.timeline.isOpen(run)) this.timeline.endRun(run, lastAt, { ...this.unfinished(run), usage: this.usage(run) });
  }

  protected aboutSession(): Told {
    const source = this.said.hook_event_name === "SessionStart" ? text(this.said.source) : undefined;
    return { attributes: { cwd: text(this.said.cwd), source, model: this.record.model } };
  }

  protected sessionStarted(): void {
    // After a compaction the session goes on. Else it is another process that goes on with it, and what is open was left
    // by one that was killed, perhaps while a human was asked.
    if (this.said.source === "compact") return this.timeline.ensureSession(this.at, this.aboutSession());
    this.finishRuns();
    this.timeline.startSession(this.at, this.aboutSession());
  }

  protected sessionEnded(): void {
    this.finishRuns();
    this.timeline.endSession(this.at, { status: "success", details: { reason: text(this.said.reason) } });
    if (this.record.unsaid) this.timeline.note("metric.snapshot", this.at, {}, { usage: this.record.unsaid });
    delete this.record.unsaid;
    this.record.agents = {};
    this.record.callers = {};
  }

  protected toolStarted(): void {
    const run = this.ensureRun();
    const span = text(this.said.tool_use_id);
    if (!run || !span) return;
    this.timeline.startSpan(run, span, this.at, {
      kind: "tool",
      name: text(this.said.tool_name),
      parent: this.agent(),
      input: this.said.tool_input,
    });
  }

  protected toolEnded(told: Told): void {
    const run = this.ensureRun();
    const span = text(this.said.tool_use_id);
    if (!run || !span) return;
    const unheard = this.record.runs[run]?.spans[span] === undefined;
    this.timeline.endSpan(run, span, this.at, {
      kind: "tool",
      name: text(this.said.tool_name),
      parent: this.agent(),
      duration: figure(this.said.duration_ms),
      input: unheard ? this.said.tool_input : undefined,
      ...told,
    });
  }

  /** A human has to decide something; told once, until something else happens. */
  protected waits(why: string, message: string | undefined): void {
    if (this.record.waiting) return;
    this.record.waiting = true;
    const run = this.run();
    if (run !== undefined && this.timeline.isOpen(run)) this.timeline.note("run.waiting", this.at, { run }, { input: message, details: { waits_for: why } });
    else this.timeline.note("session.waiting", this.at, {}, { input: message, details: { waits_for: why } });
  }

  /** A sub-agent begins, and with it its span in the call of a tool whose name ends so. */
  protected agentStarted(agent: string, name: string | undefined, tool: RegExp): void {
    const run = this.record.agents[agent] ?? this.turnOfAgent();
    if (!run) return;
    this.joinRun(run);
    this.record.agents[agent] = run;
    const parent = this.record.callers[agent] ?? this.timeline.lastSpan(run, (span) => tool.test(span.name ?? ""));
    delete this.record.callers[agent];
    this.timeline.startSpan(run, agent, this.at, { kind: "subagent", name, parent });
  }

  /** The result of a tool says which sub-agent it started. */
  protected agentLaunched(agent: string | undefined): void {
    const caller = text(this.said.tool_use_id);
    if (!agent || !caller) return;
    const span = this.record.runs[this.record.agents[agent] ?? ""]?.spans[agent];
    if (span) span.parent ??= caller;
    else this.record.callers[agent] = caller;
  }

  /** Tokens of a sub-agent are told with its span and counted with its run. */
  protected agentEnded(agent: string, usage: Usage | undefined, told: Told): void {
    const all = sum(this.record.unsaid, usage);
    if (all) this.record.unsaid = all;
    const run = this.record.agents[agent];
    if (!run) return;
    this.timeline.endSpan(run, agent, this.at, { kind: "subagent", usage, ...told });
    delete this.record.agents[agent];
  }

  /** The run that starts a sub-agent. */
  protected turnOfAgent(): string | undefined {
    return this.timeline.openRun() ?? this.turn();
  }

  /** One that a user wants is a run of its own. */
  protected compactionStarted(): void {
    const run = this.run() ?? `compaction-${Math.floor(this.at)}`;
    if (this.said.trigger === "manual") this.startRun(run, { input: "/compact" });
    else this.joinRun(run);
    this.timeline.startSpan(run, `compaction-${Math.floor(this.at)}`, this.at, {
      kind: "compaction",
      name: "compaction",
      details: { trigger: text(this.said.trigger) },
    });
  }

  protected compactionEnded(): void {
    const run = this.run();
    const span = run && this.timeline.lastSpan(run, (open) => open.kind === "compaction");
    if (!run || !span) return;
    const trigger = text(this.said.trigger);
    this.timeline.endSpan(run, span, this.at, { status: "success", output: this.said.compact_summary, details: { trigger } });
    if (trigger === "manual") this.timeline.endRun(run, this.at, { status: "success", usage: this.usage(run) });
  }

  /** A call that is not known here: its figures and what it calls things, and as content its other short texts and the
   * paths of files. */
  protected noted(framework: string, name: string): void {
    const known = ["session_id", "transcript_path", "agent_transcript_path", "hook_event_name", "prompt_id", "turn_id", "cwd"];
    const said = Object.entries(this.said).filter(([key]) => !known.includes(key));
    const isShort = (value: unknown): value is string => typeof value === "string" && value.length <= 64;
    const isPath = (key: string, value: unknown): boolean => /(directory|path|cwd)$/.test(key) && typeof value === "string" && value.length <= 1024;
    const isDetail = ([key, value]: [string, unknown]): boolean =>
      typeof value === "number" || typeof value === "boolean" || (isShort(value) && /(type|name|model|mode|source|trigger)$/.test(key));
    const texts = said.filter((each) => (isShort(each[1]) && !isDetail(each)) || isPath(...each));
    this.timeline.note(`${framework}.${snake(name)}`, this.at, { run: this.run() }, {
      input: texts.length > 0 ? Object.fromEntries(texts) : undefined,
      details: Object.fromEntries(said.filter(isDetail)),
    });
  }
}

function snake(name: string): string {
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
  return words.replace(/[^a-z0-9_]/g, "_").replace(/^[^a-z]+/, "").slice(0, 48) || "unknown";
}
