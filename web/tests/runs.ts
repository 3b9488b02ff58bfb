/** Runs that put the session's page to the test. */
import { type Posted, envelope } from "./events";

type Payload = Record<string, unknown>;

/** Builds the events of one run, on a clock of its own. */
export class RunBuilder {
  readonly events: Posted[] = [];
  readonly session: string;
  readonly run: string;
  private readonly source: Posted["event"]["source"];
  private now: number;
  private spans = 0;

  constructor(session: string, run: string, begin: Date, host = "tester") {
    this.session = session;
    this.run = run;
    this.now = begin.getTime();
    this.source = { framework: "browser-test", client_id: host, host };
  }

  say(type: string, payload: Payload, ids: { span_id?: string; parent_span_id?: string } = {}): this {
    const correlation = { session_id: this.session, run_id: this.run, ...ids };
    this.events.push(envelope(type, { ts: new Date(this.now), source: this.source, correlation, payload }));
    return this;
  }

  pass(ms: number): this {
    this.now += ms;
    return this;
  }

  /** A span that takes its time; what `inside` does is in it. Gives its id. */
  span(payload: Payload, end: Payload = {}, ms = 50, parent?: string, inside?: (id: string) => void): string {
    const id = `span-${(this.spans += 1)}`;
    const ids = parent === undefined ? { span_id: id } : { span_id: id, parent_span_id: parent };
    this.say("span.start", payload, ids);
    inside?.(id);
    this.pass(ms).say("span.end", { ...payload, status: "success", ...end }, ids);
    return id;
  }
}

/** A question, a tool call, a sub-agent with a failure in it, a question to a human, the answer. */
export function conversation(session: string, begin: Date): Posted[] {
  const run = new RunBuilder(session, "conversation", begin);
  run.say("run.start", { input: "Why does the export fail?\nFind out and fix it." }).pass(500);
  run.span({ kind: "model", name: "a-model" }, { output: "I look at the log first." }, 2_000);
  const command = { command: "tail -n 5 jobs.log\ngrep ERROR jobs.log" };
  run.span({ kind: "tool", name: "Bash", input: command }, { output: "KeyError: 'vat_id'" }, 400);
  run.span({ kind: "subagent", name: "explorer" }, { output: "One place." }, 100, undefined, (agent) => {
    run.span({ kind: "tool", name: "Grep", input: { pattern: "vat_id" } }, { output: "export.py:14" }, 80, agent);
    const error = { type: "exit", message: "exit code 2: one test failed" };
    run.span({ kind: "tool", name: "Pytest" }, { status: "error", error }, 3_000, agent);
  });
  run.say("run.waiting", { input: "Bash: make deploy" }).pass(20_000);
  run.span({ kind: "tool", name: "Edit", input: { file_path: "export.py" } }, { output: "The file is changed." });
  const usage = { input_tokens: 41_000, output_tokens: 612, cost_usd: 0.25 };
  return run.say("run.end", { status: "success", output: "Fixed: .get() instead of [].", usage }).events;
}

const markup = `<img src=x onerror="document.title='hacked'"><script>document.title='hacked'</script>`;

/** Texts that try to be more than text, spans in a circle, and times that are not whole. */
export function hostile(session: string, begin: Date): Posted[] {
  const run = new RunBuilder(session, "<b>run</b>", begin);
  run.say("run.start", { input: `${markup} \u202Ebackwards ${"W".repeat(5_000)}` });
  run.span(
    { kind: "tool", name: markup.slice(0, 120), input: { [markup]: markup, __proto__: null } },
    {},
    100,
    "span-2",
  );
  run.span({ kind: "\u202Ekind", name: "circle" }, { output: `${"long ".repeat(10_000)}` }, 100, "span-1");
  run.say("span.start", { kind: "tool", name: "no end" }, { span_id: "open" });
  run.say("span.end", { kind: "tool", name: "no start", status: "success" }, { span_id: "closed" });
  run.say("error", { error: { type: "<b>", message: markup } });
  return run.pass(100).say("run.end", { status: "error", error: { message: markup } }).events;
}

/** 10,000 spans on five levels. */
export function large(session: string, begin: Date): Posted[] {
  const run = new RunBuilder(session, "large", begin);
  const widths = [4, 9, 11, 24];
  run.say("run.start", { input: "Go through all files." });
  const fill = (parent: string, level: number): void => {
    for (let n = 0; n < (widths[level] ?? 0) && run.events.length < 20_000; n += 1) {
      const inside = level < widths.length - 1 ? (id: string) => fill(id, level + 1) : undefined;
      const payload = { kind: inside ? "subagent" : "tool", name: `level ${level}`, input: { path: `/src/${n}.ts` } };
      run.span(payload, { output: "ok" }, 3, parent, inside);
    }
  };
  run.span({ kind: "other", name: "plan" }, {}, 10, undefined, (id) => {
    fill(id, 0);
    while (run.events.length < 20_000) run.span({ kind: "tool", name: "last" }, {}, 1, id);
  });
  return run.say("run.end", { status: "success", output: "All done." }).events;
}
