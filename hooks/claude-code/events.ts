import type { Usage } from "../agentmon/emitter/envelope.ts";
import { Timeline, type Told } from "../agentmon/emitter/timeline.ts";
import { type CommandRecord, Interpreter } from "../command/interpreter.ts";
import { fields, list, text } from "../agentmon/emitter/read.ts";
import type { Agent } from "../command/report.ts";
import { folderExists, sizeOf } from "../command/transcript.ts";
import { sum } from "../command/usage.ts";
import { hasAnswer, type Part, usageOf } from "./usage.ts";

/* What the hooks of Claude Code mean. A session is its session_id, a run its prompt_id, a tool call its tool_use_id, a
 * sub-agent its agent_id. Sub-agents and what they do are spans of the run that started them. */

export interface ClaudeRecord extends CommandRecord {
  /** Bytes of the transcript that were read for earlier runs. */
  read: number;
}

/** Notifications without whose answer the work stands still. */
const questions = ["permission_prompt", "worker_permission_prompt", "elicitation_dialog", "elicitation_url_dialog", "agent_needs_input"];

/** How long the transcript may lag behind the Stop hook; nobody waits for this process. */
const transcriptLagMs = 3000;
const transcriptLookMs = 50;

export const claudeCode: Agent<ClaudeRecord> = {
  framework: "claude-code",
  sessionOf: (arrival) => text(arrival.payload.session_id),
  emptyRecord: () => ({ runs: {}, agents: {}, callers: {}, read: 0 }),
  interpret: async (arrival, record, _memory, tell) => {
    const timeline = new Timeline(text(arrival.payload.session_id) ?? "", record, tell);
    await new ClaudeInterpreter(arrival, record, timeline).interpret();
  },
};

class ClaudeInterpreter extends Interpreter<ClaudeRecord> {
  async interpret(): Promise<void> {
    const name = text(this.said.hook_event_name) ?? "";
    const meaning = this.meanings[name];
    if (name !== "SessionStart" && name !== "SessionEnd") this.timeline.ensureSession(this.at, this.aboutSession());
    if (!this.asksHuman(name)) this.record.waiting = false;
    if (meaning) await meaning();
    else this.noted("claude_code", name);
  }

  private asksHuman(name: string): boolean {
    return name === "PermissionRequest" || (name === "Notification" && questions.includes(text(this.said.notification_type) ?? ""));
  }

  private readonly meanings: Readonly<Record<string, () => void | Promise<void>>> = {
    SessionStart: () => this.sessionStarted(),
    SessionEnd: () => this.sessionEnded(),
    UserPromptSubmit: () => this.prompted(),
    PreToolUse: () => this.toolStarted(),
    PostToolUse: () => this.toolSucceeded(),
    PostToolUseFailure: () => this.toolFailed(),
    PermissionDenied: () => this.toolEnded({ status: "error", error: { type: "denied", message: text(this.said.reason) } }),
    PostToolBatch: () => this.batchEnded(),
    PermissionRequest: () => this.waits("permission_request", text(this.said.tool_name)),
    Notification: () => this.notified(),
    Stop: () => this.stopped(),
    StopFailure: () => this.runEnded({ status: "error", error: { type: text(this.said.error), message: text(this.said.last_assistant_message) } }),
    SubagentStart: () => this.subagentStarted(),
    SubagentStop: () => this.subagentStopped(),
    PreCompact: () => this.compactionStarted(),
    PostCompact: () => this.compactionEnded(),
  };

  protected turn(): string | undefined {
    return text(this.said.prompt_id);
  }

  /** Escape calls no hook. */
  protected unfinished(): Told {
    return { status: "aborted", error: { type: "interrupted" } };
  }

  protected usage(run: string): Usage | undefined {
    const part = this.transcriptOf(run);
    const all = sum(this.record.unsaid, usageOf(part));
    this.record.read = sizeOf(part.path);
    delete this.record.unsaid;
    return all ?? (this.record.model ? { model: this.record.model } : undefined);
  }

  protected override turnOfAgent(): string | undefined {
    return this.turn() ?? this.timeline.openRun();
  }

  private prompted(): void {
    const run = this.turn() ?? `prompt-${Math.floor(this.at)}`;
    this.startRun(run, { input: this.said.prompt, attributes: { permission_mode: text(this.said.permission_mode) } });
  }

  /** Most notifications ask nothing, such as that an answer is there or that an account was changed. */
  private notified(): void {
    if (this.asksHuman("Notification")) this.waits(text(this.said.notification_type) ?? "", text(this.said.message));
    else this.noted("claude_code", "Notification");
  }

  private toolSucceeded(): void {
    const response = fields(this.said.tool_response);
    this.agentLaunched(text(response.agentId));
    this.toolEnded({ status: response.interrupted === true ? "aborted" : "success", output: this.said.tool_response });
  }

  private toolFailed(): void {
    const interrupted = this.said.is_interrupt === true;
    this.toolEnded({
      status: interrupted ? "aborted" : "error",
      error: { type: interrupted ? "interrupted" : "tool_failed", message: text(this.said.error) },
    });
  }

  /** What is in a finished batch and still open was refused before it ran. */
  private batchEnded(): void {
    const run = this.run();
    for (const call of list(this.said.tool_calls).map(fields)) {
      const span = text(call.tool_use_id);
      if (!run || !span || !this.record.runs[run]?.spans[span]) continue;
      const error = { type: "not_run", message: text(call.tool_response) };
      this.timeline.endSpan(run, span, this.at, { status: "error", error, parent: this.agent() });
    }
  }

  private async stopped(): Promise<void> {
    const answer = text(this.said.last_assistant_message);
    await this.written(this.transcriptOf(this.run()), answer);
    this.runEnded({ status: "success", output: answer });
  }

  private runEnded(told: Told): void {
    const run = this.ensureRun();
    if (!run) return;
    if (this.timeline.hasEnded(run)) this.wentOn(run, told);
    else this.timeline.endRun(run, this.at, { ...told, usage: this.usage(run) });
  }

  /** A Stop hook of the user's, or a teammate, made Claude go on after its Stop, which then comes again. Nobody told when
   * that began. */
  private wentOn(run: string, told: Told): void {
    const usage = this.usage(run);
    if (usage?.output_tokens !== undefined) this.timeline.endRun(`${run}.${Math.floor(this.at)}`, this.at, { ...told, usage });
  }

  private subagentStarted(): void {
    const agent = this.agent();
    if (agent) this.agentStarted(agent, text(this.said.agent_type), /^(Agent|Task)$/);
  }

  /** A compaction ends an agent without a type that nobody started; its tokens count all the same. */
  private async subagentStopped(): Promise<void> {
    const answer = text(this.said.last_assistant_message);
    const part = { path: this.said.agent_transcript_path, from: 0, since: 0 };
    await this.written(part, answer);
    this.agentEnded(this.agent() ?? "", usageOf(part), { status: "success", output: answer });
  }

  private transcriptOf(run: string | undefined): Part {
    const path = this.said.transcript_path;
    const from = this.record.read <= sizeOf(path) ? this.record.read : 0;
    const ended = run !== undefined && this.timeline.hasEnded(run);
    return { path, from, since: ended ? 0 : ((run === undefined ? undefined : this.record.runs[run]?.at) ?? this.at) };
  }

  /** Waits until the transcript holds the answer. */
  private async written(part: Part, answer: string | undefined): Promise<void> {
    if (!answer || !folderExists(part.path)) return;
    const deadline = Date.now() + transcriptLagMs;
    while (!hasAnswer(part, answer) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, transcriptLookMs));
  }
}
