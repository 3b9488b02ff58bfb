import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { Emitter, type Fields, type Ids, type Options } from "../agentmon.ts";
import { drain } from "../emitter/drain.ts";
import { limits } from "../emitter/limits.ts";
import type { Queue } from "../emitter/sender.ts";
import { Spool } from "../emitter/spool.ts";
import { Memory } from "../memory.ts";

interface Told {
  event: { id?: string; type: string };
  correlation: Ids;
  payload: { duration_ms?: unknown; error?: { type?: unknown } };
}

/** run-tests.sh starts in the folder of the SDK. */
function vectors<Case>(name: string): Case[] {
  return JSON.parse(readFileSync(join("vectors", name), "utf8"), (_, value: unknown) =>
    typeof value === "object" && value !== null && "repeat" in value && "times" in value ? String(value.repeat).repeat(Number(value.times)) : value,
  ) as Case[];
}

function temporary(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "agentmon-sdk-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function silent(framework: string, options: Options = {}): Emitter {
  return new Emitter(framework, { url: "http://127.0.0.1:9", ...options });
}

function told(emitter: Emitter): Told[] {
  return emitter["memory"].next().events.map((text) => JSON.parse(text) as Told);
}

interface EnvelopeCase {
  name: string;
  settings: { framework: string; client_id: string; host: string; url?: string; capture?: string };
  event: Ids & { type: string; at_us: number; payload?: Fields; attributes?: Fields };
  expected: unknown;
  dropped?: string;
}

for (const { name, settings, event, expected, dropped } of vectors<EnvelopeCase>("envelopes.json"))
  test(`envelope: ${name}`, async () => {
    process.env.AGENTMON_CAPTURE_CONTENT = settings.capture ?? "";
    const where = settings.url === undefined ? {} : { url: settings.url };
    const emitter = silent(settings.framework, { clientId: settings.client_id, host: settings.host, ...where });
    const { type, at_us, payload, ...more } = event;
    emitter.emit(type, payload, { at: at_us / 1000, ...more });
    if (dropped) assert.deepEqual(emitter.dropped(), { [dropped]: 1 });
    else {
      const [only] = told(emitter);
      const id = only?.event.id ?? "";
      delete only?.event.id;
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      assert.equal(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16), Math.floor(at_us / 1000));
      assert.deepEqual(only, expected);
    }
    await emitter.close(0);
  });

interface Step {
  scope: "session" | "run" | "span";
  id: string;
  kind: string;
  tells?: string;
  ends: string;
  output?: unknown;
  usage?: Fields;
  inside: Step[];
}

function walk(emitter: Emitter, step: Step): void {
  if (step.tells) return emitter.emit(step.tells);
  const fails = () =>
    emitter[step.scope](step, (scope) => {
      for (const inner of step.inside) walk(emitter, inner);
      scope.output = step.output;
      scope.usage = step.usage;
      if (step.ends !== "success") throw step.ends === "error" ? new Error("it broke") : AbortSignal.abort().reason;
    });
  if (step.ends === "success") fails();
  else assert.throws(fails);
}

for (const { name, scopes, expected } of vectors<{ name: string; scopes: Step[]; expected: unknown }>("scopes.json"))
  test(`scopes: ${name}`, async () => {
    const emitter = silent("test");
    for (const scope of scopes) walk(emitter, scope);
    const outline = told(emitter).map(({ event, correlation, payload }) => {
      if (Number(payload.duration_ms) >= 0) payload.duration_ms = "any";
      if (payload.error) payload.error.type = "any";
      return { type: event.type, correlation, payload };
    });
    assert.deepEqual(outline, expected);
    await emitter.close(0);
  });

interface AnswerCase {
  name: string;
  waiting: number;
  bytes_each?: number;
  answers: ({ status: number; retry_after?: string; body: string } | null)[];
  requests: number[][];
  pauses: [number, number][];
  dropped: number;
}

for (const one of vectors<AnswerCase>("answers.json"))
  for (const kind of ["memory", "spool"])
    test(`answers: ${one.name} (${kind})`, async (t) => {
      const requests: number[][] = [];
      const server = createServer(async (request, response) => {
        let text = "";
        for await (const chunk of request) text += String(chunk);
        const events = JSON.parse(text) as { n: number }[];
        const answer = one.answers[requests.length];
        requests.push([events[0]?.n ?? -1, events.length]);
        if (!answer) return void request.socket.destroy();
        response.writeHead(answer.status, answer.retry_after ? { "retry-after": answer.retry_after } : {}).end(answer.body);
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      t.after(() => {
        server.closeAllConnections();
        server.close();
      });
      const queue: Queue = kind === "memory" ? new Memory() : new Spool(temporary(t));
      const filler = "x".repeat(Math.max(0, (one.bytes_each ?? 0) - 20));
      for (let n = 0; n < one.waiting; n += 1) queue.add([JSON.stringify({ n, filler })]);
      const pauses: number[] = [];
      let dropped = 0;
      await drain({
        queue,
        turn: { take: () => true, release: () => undefined },
        gateway: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
        log: () => undefined,
        rejected: (count) => (dropped += count),
        goOn: (milliseconds) => Promise.resolve(pauses.push(milliseconds / 1000) > 0),
      });
      assert.deepEqual(requests, one.requests);
      assert.equal(pauses.length, one.pauses.length);
      for (const [index, [least, most]] of one.pauses.entries()) {
        assert.ok(least <= Number(pauses[index]) && Number(pauses[index]) <= most, `${pauses[index]} is not within ${least} and ${most}`);
        assert.ok(least === most || pauses[index] !== least, "there is chance in it");
      }
      assert.deepEqual([queue.isEmpty(), dropped], [true, one.dropped]);
    });

test("tasks have their own scopes, and tools tell arguments and results", async () => {
  const emitter = silent("test");
  const add = emitter.tool("add", async (one: number, other: number) => {
    await Promise.resolve();
    return one + other;
  });
  await emitter.run({}, () =>
    Promise.all([1, 2, 3].map((number) => emitter.span({ kind: "subagent", id: `s${number}` }, () => add(number, number)))),
  );
  const tools = JSON.parse(`[${emitter["memory"].next().events.filter((text) => text.includes('"name":"add"') && text.includes("span.end")).join()}]`) as {
    correlation: Ids;
    payload: { output: number };
  }[];
  assert.deepEqual(tools.map((each) => [each.correlation.parent_span_id, each.payload.output]), [["s1", 2], ["s2", 4], ["s3", 6]]);
  await emitter.close(0);
});

test("a broken promise ends its scope and stays broken", async () => {
  const emitter = silent("test");
  await assert.rejects(emitter.run({}, () => Promise.reject(new RangeError("no"))), RangeError);
  assert.match(emitter["memory"].next().events[1] ?? "", /"status":"error".*"RangeError".*"no"/);
  await emitter.close(0);
});

test("nothing throws, whatever is told", async () => {
  const emitter = silent("test");
  const circle: unknown[] = [];
  circle.push(circle);
  for (const value of [circle, 1n, { get boom(): string { throw new Error("boom"); } }]) emitter.emit("custom.tick", { value });
  assert.deepEqual(emitter.dropped(), { invalid: 3 });
  emitter.emit("custom.tick", { half: "\ud800" });
  assert.match(emitter["memory"].next().events[0] ?? "", /"half":"\ufffd"/);
  await emitter.close(0);
});

test("what is told after close, or waits when its time is over, is dropped", async () => {
  const emitter = silent("test");
  emitter.emit("custom.tick");
  await emitter.close(0);
  emitter.emit("custom.tick");
  assert.deepEqual(emitter.dropped(), { closed: 2 });
});

test("no more than its bound waits in a spool", (t) => {
  const folder = temporary(t);
  const earlier = join(folder, "earlier.jsonl");
  writeFileSync(earlier, "");
  truncateSync(earlier, limits.spoolBytes - 10);
  const spool = new Spool(folder);
  spool.add(["123456789"]);
  assert.throws(() => spool.add(["1"]), /full/);
});

test("no more than its bound waits in memory; a spool outlives the process", async (t) => {
  const emitter = silent("test");
  for (let number = 0; number < 200; number += 1) emitter.emit("custom.tick", { text: "x".repeat(200_000) });
  assert.ok(Number(emitter.dropped().full) > 20);
  await emitter.close(0);
  const spool = temporary(t);
  const kept = silent("test", { spool });
  kept.emit("custom.tick");
  await kept.close(0);
  assert.deepEqual([kept.dropped(), new Spool(spool).isEmpty()], [{}, false]);
});
