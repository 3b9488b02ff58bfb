import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { envelope, type Source } from "../../hooks/agentmon/emitter/envelope.ts";
import { Memory } from "../../hooks/command/memory.ts";
import type { Agent } from "../../hooks/command/report.ts";
import type { Sent } from "./gateway.ts";

type Payload = Readonly<Record<string, unknown>>;

export const firstTime = 1795360000000;

/** The captured objects of a fixture. */
export function fixture(name: string): Payload[] {
  return readFileSync(join("tests/hooks/fixtures", name), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Payload);
}

/** What the hooks of an agent tell when it says these things, a second apart. */
export async function replay<Record extends object>(agent: Agent<Record>, payloads: readonly Payload[], folder: string): Promise<Sent[]> {
  const memory = new Memory(folder, agent.emptyRecord);
  const source: Source = { framework: agent.framework, name: "zap", capture: true };
  const told: Sent[] = [];
  for (const [index, payload] of payloads.entries()) {
    const arrival = { id: String(index), file: "", at: firstTime + index * 1000, payload };
    const session = agent.sessionOf(arrival, memory);
    if (session === undefined) continue;
    const record = memory.recall(session);
    await agent.interpret(arrival, record, memory, (happening) => told.push(JSON.parse(envelope(happening, source)) as Sent));
    memory.keep(session, record);
  }
  return told;
}

/** Compares with tests/hooks/expected/NAME.jsonl, which a human has checked. What was told instead is left in a file
 * of the temporary folder. */
export function assertExpected(name: string, told: readonly Sent[]): void {
  const text = told.map((each) => `${JSON.stringify(each)}\n`).join("");
  const file = join("tests/hooks/expected", `${name}.jsonl`);
  const expected = existsSync(file) ? readFileSync(file, "utf8") : "";
  if (text === expected) return;
  const instead = join(tmpdir(), `agentmon-told-${name}.jsonl`);
  writeFileSync(instead, text);
  const lines = expected.split("\n");
  const differs = text.split("\n").findIndex((line, index) => line !== lines[index]);
  assert.equal(text.split("\n")[differs], lines[differs], `line ${differs + 1} of ${file}; all that was told: ${instead}`);
}

/** Every start has its end, nothing is told twice. */
export function assertWhole(told: readonly Sent[]): void {
  const seen = new Map<string, number>();
  for (const { event, correlation } of told) {
    const of = [correlation.session_id, correlation.run_id, correlation.span_id].filter(Boolean).join("/");
    const key = `${event.type} ${of}`;
    if (/^(run|span)\.(start|end)$/.test(event.type)) assert.ok(!seen.has(key), `twice: ${key}`);
    seen.set(key, 1);
  }
  for (const key of seen.keys())
    if (/^(run|span)\.start /.test(key)) assert.ok(seen.has(key.replace(".start", ".end")), `open: ${key}`);
}
