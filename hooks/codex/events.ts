import type { Usage } from "../agentmon/emitter/envelope.ts";
import { Timeline, type Told } from "../agentmon/emitter/timeline.ts";
import type { Arrival } from "../command/inbox.ts";
import { type CommandRecord, Interpreter } from "../command/interpreter.ts";
import { type Fields, fields, list, text } from "../agentmon/emitter/read.ts";
import type { Agent } from "../command/report.ts";
import { sum } from "../command/usage.ts";
import { exitCodeIn, parentOf, readTurn, turnAt } from "./rollout.ts";

/* What the hooks and the notify program of Codex mean. A session is the root thread, a run its turn, a sub-agent its
 * thread: it and what it does are spans of the run that started it. 0.169 says which thread is whose; of 0.116 the
 * rollout file tells. What 0.116 has no hooks for, the calls of tools, is read from the rollout when the turn stops. */

export const codex: Agent<CommandRecord> = {
  framework: "codex",
  sessionOf: (arrival) => (isNotify(arrival.payload) ? threadToTell(arrival) : rootOf(arrival.payload)),
  emptyRecord: () => ({ runs: {}, agents: {}, callers: {} }),
  interpret: async (arrival, record, _memory, tell) => {
    if (isNotify(arrival.payload)) {
      notified(arrival, record, new Timeline(text(arrival.payload["thread-id"]) ?? "", record, tell));
      return;
    }
    const session = rootOf(arrival.payload) ?? "";
    new CodexInterpreter(arrival, record, new Timeline(session, record, tell)).interpret();
  },
};

function isNotify(said: Fields): boolean {
  return said.type !== undefined && said.hook_event_name === undefined;
}

/** The thread of a turn that may have to be told. Sub-agents have no client; a new thread of the terminal's gets a title
 * by a hidden thread of its own. */
function threadToTell(arrival: Arrival): string | undefined {
  const said = arrival.payload;
  if (said.type !== "agent-turn-complete" || !text(said.client)) return undefined;
  const first = text(list(said["input-messages"])[0]) ?? "";
  return first.startsWith("Generate a concise, single-line task title") ? undefined : text(said["thread-id"]);
}

/** Where hooks run, they have told of this turn; notify tells it where they do not. */
function notified(arrival: Arrival, record: CommandRecord, timeline: Timeline): void {
  const said = arrival.payload;
  const hooksRun = record.started && !record.fromNotify;
  const run = text(said["turn-id"]);
  if (hooksRun || !run) return;
  record.fromNotify = true;
  timeline.ensureSession(arrival.at, { attributes: { cwd: text(said.cwd), client: text(said.client) } });
  timeline.endRun(run, arrival.at, { status: "success", input: list(said["input-messages"]).at(-1), output: said["last-assistant-message"] });
}

function rootOf(said: Fields): string | undefined {
  const thread = text(said.session_id);
  return said.agent_id === undefined ? (parentOf(said.transcript_path) ?? thread) : thread;
}

class CodexInterpreter extends Interpreter<CommandRecord> {
  interpret(): void {
    const name = text(this.said.hook_event_name) ?? "";
    const word = name.replace(/[^A-Za-z]/g, "").toLowerCase();
    this.record.fromNotify = false;
    if (word !== "permissionrequest") this.record.waiting = false;
    const meaning = (this.agent() === undefined ? this.meanings : this.meaningsInAgent)[word];
    if (word !== "sessionstart" && word !== "sessionend") this.timeline.ensureSession(this.at, this.aboutSession());
    if (meaning) meaning();
    else this.noted("codex", name);
  }

  private readonly inBoth: Readonly<Record<string, () => void>> = {
    pretooluse: () => this.toolStarted(),
    posttooluse: () => this.toolFinished(),
    permissionrequest: () => this.waits("permission_request", text(fields(this.said.tool_input).description) ?? text(this.said.tool_name)),
    precompact: () => this.compactionStarted(),
    postcompact: () => this.compactionEnded(),
    subagentstart: () => this.subagentStarted(),
    subagentstop: () => this.subagentStopped(this.said.agent_transcript_path),
  };

  private readonly meanings: Readonly<Record<string, () => void>> = {
    ...this.inBoth,
    sessionstart: () => this.sessionStarted(),
    sessionend: () => this.sessionEnded(),
    userpromptsubmit: () => this.prompted(),
    stop: () => this.runEnded({ status: "success", output: this.said.last_assistant_message }),
    interrupt: () => this.runEnded({ status: "aborted", error: { type: "interrupted" } }),
  };

  /** 0.116 tells of a sub-agent as of a session. */
  private readonly meaningsInAgent: Readonly<Record<string, () => void>> = {
    ...this.inBoth,
    sessionstart: () => this.subagentStarted(),
    sessionend: () => this.subagentStopped(this.said.transcript_path),
    userpromptsubmit: () => this.subagentStarted(),
    stop: () => this.subagentStopped(this.said.transcript_path),
    interrupt: () => this.agentEnded(this.agent() ?? "", undefined, { status: "aborted" }),
  };

  /** A sub-agent's thread that a user goes on with, when its parent is done, is none any longer. */
  protected override agent(): string | undefined {
    const named = text(this.said.agent_id);
    const thread = text(this.said.session_id) ?? "";
    if (named !== undefined || !parentOf(this.said.transcript_path)) return named;
    return this.record.agents[thread] !== undefined || this.timeline.openRun() !== undefined ? thread : undefined;
  }

  protected turn(): string | undefined {
    return text(this.said.turn_id);
  }

  protected usage(run: string): Usage | undefined {
    const all = sum(this.record.unsaid, readTurn(this.said.transcript_path, run).usage);
    delete this.record.unsaid;
    const model = this.record.model;
    return all || model ? { ...all, model } : undefined;
  }

  protected unfinished(run: string): Told {
    const { failure, aborted } = readTurn(this.said.transcript_path, run);
    return failure && !aborted
      ? { status: "error", error: { type: "model", message: failure } }
      : { status: "aborted", error: { type: "no_stop", message: "The turn ended without a Stop hook: it failed or was interrupted." } };
  }

  private prompted(): void {
    const known = this.turn() ?? turnAt(this.said.transcript_path, this.at);
    const run = known && !this.timeline.hasEnded(known) ? known : `prompt-${Math.floor(this.at)}`;
    this.startRun(run, { input: this.said.prompt, attributes: { permission_mode: text(this.said.permission_mode) } });
  }

  /** The exit code stands in the rollout, which is written before the hook is called, or in the output. */
  private toolFinished(): void {
    const output = this.said.tool_response;
    const id = text(this.said.tool_use_id);
    const turn = readTurn(this.said.transcript_path, this.turn());
    const call = turn.calls.find((each) => each.id === id);
    this.agentLaunched(text(fields(parsed(output)).agent_id));
    const told = outcome(call?.exitCode ?? exitCodeIn(text(output)));
    this.toolEnded(call?.duration === undefined ? { ...told, output } : { ...told, output, duration: call.duration });
  }

  private runEnded(told: Told): void {
    const run = this.ensureRun();
    if (!run || this.timeline.hasEnded(run)) return;
    const turn = readTurn(this.said.transcript_path, run);
    this.tellCalls(run, undefined);
    this.timeline.endRun(run, this.at, { ...told, usage: this.usage(run) });
    if (turn.threadUsage)
      this.timeline.note("metric.snapshot", this.at, { run }, { usage: { ...turn.threadUsage, model: this.record.model }, details: { of: "thread", context_window: turn.contextWindow } });
  }

  /** Calls that no hook told of. */
  private tellCalls(run: string, parent: string | undefined): void {
    if (text(this.said.turn_id)) return;
    for (const call of readTurn(this.said.transcript_path, parent === undefined ? run : undefined).calls) {
      if (!call.id) continue;
      this.timeline.startSpan(run, call.id, call.startedAt, { kind: "tool", name: call.name, parent, input: parsed(call.input) });
      if (call.endedAt !== undefined) this.timeline.endSpan(run, call.id, call.endedAt, { ...outcome(call.exitCode), parent, output: call.output, duration: call.duration });
    }
  }

  private subagentStarted(): void {
    const run = this.timeline.openRun();
    const agent = this.agent();
    if (!run || !agent) return;
    this.agentStarted(agent, text(this.said.agent_type), /spawn_agent$/);
  }

  private subagentStopped(rollout: unknown): void {
    const agent = this.agent() ?? "";
    const run = this.record.agents[agent];
    if (!run) return;
    this.tellCalls(run, agent);
    const usage = readTurn(rollout, undefined).usage;
    this.agentEnded(agent, usage && { ...usage, model: this.record.model }, { status: "success", output: this.said.last_assistant_message });
  }
}

function outcome(exitCode: number | undefined): Told {
  return exitCode ? { status: "error", error: { type: "exit", message: `exit code ${exitCode}` } } : { status: "success" };
}

function parsed(input: unknown): unknown {
  try {
    return typeof input === "string" ? (JSON.parse(input) as unknown) : input;
  } catch {
    return input;
  }
}
