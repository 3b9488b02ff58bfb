/** What the page is measured with: a million events of 100,000 sessions of the last 7 days, beside the demo's. */
import { randomUUID } from "node:crypto";

import type { Instance } from "../instance";
import { allStored, sql } from "../instance";
import { type Posted, envelope, post } from "../events";
import { large } from "../runs";

export const sessions = 100_000;
/** The session of one run with 10,000 spans. */
export const largeSession = "measure-10000-spans";

const week = 7 * 86_400_000;
const agents = ["zap", "orb", "sun", "ada", "bob", "eve", "kim", "lee"];
const frameworks = ["openclaw", "codex", "claude-code"];
const tools = ["Bash", "Read", "Edit", "Grep", "WebFetch", "Task"];
const text = "look at the report of the last week and say in three sentences what has changed since then ".repeat(4);

/** The ten events of a session: a run with four tool calls, of which some fail. */
export function story(number: number, begin: number): Posted[] {
  const host = agents[number % agents.length]!;
  const source = { framework: frameworks[number % frameworks.length]!, client_id: host, host };
  const correlation = { session_id: randomUUID(), run_id: randomUUID() };
  const failed = number % 23 === 0;
  const say = (type: string, after: number, payload: Record<string, unknown>, ids = {}): Posted =>
    envelope(type, { ts: new Date(begin + after), source, correlation: { ...correlation, ...ids }, payload });
  const calls = Array.from({ length: 4 }, (_, call) => {
    const span = { span_id: `call-${call}` };
    const [name, took] = [tools[(number + call) % tools.length]!, 20 + ((number * 37 + call * 911) % 9_000)];
    const status = failed && call === 3 ? "error" : "success";
    return [
      say("span.start", 500 + call * 10_000, { kind: "tool", name, input: { command: text } }, span),
      say(
        "span.end",
        500 + call * 10_000 + took,
        { kind: "tool", name, status, output: text, duration_ms: took },
        span,
      ),
    ];
  }).flat();
  const usage = { input_tokens: 900 + (number % 40_000), output_tokens: 40 + (number % 900), cost_usd: 0.0125 };
  return [
    say("run.start", 0, { input: `${number}: ${text}` }),
    ...calls,
    say("run.end", 45_000, {
      status: failed ? "error" : "success",
      output: text,
      ...(number % 5 > 0 ? { usage } : {}),
    }),
  ];
}

/** Does nothing when it is done already. */
export async function fill(instance: Instance): Promise<void> {
  const [stored] = await sql<{ count: number }>(instance.place, "SELECT count(*) AS count FROM sessions");
  if (stored!.count >= sessions) return;
  await instance.playDemo();
  const now = Date.now();
  const batch = 100;
  const send = async (from: number): Promise<void> => {
    const numbers = Array.from({ length: batch }, (_, at) => from + at);
    // The latest one has just ended.
    const events = numbers.flatMap((number) => story(number, now - 60_000 - week * (1 - number / sessions)));
    await post(instance.place, ...events);
  };
  const senders = 4;
  for (let from = 0; from < sessions; from += batch * senders)
    await Promise.all(Array.from({ length: senders }, (_, at) => send(from + at * batch)));
  const spans = large(largeSession, new Date(now - 1_200_000));
  for (let at = 0; at < spans.length; at += 5_000) await post(instance.place, ...spans.slice(at, at + 5_000));
  await allStored(instance.place);
}
