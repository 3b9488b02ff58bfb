import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { Emitter } from "../../hooks/agentmon/emitter/emitter.ts";
import { envelope, eventId, timeText } from "../../hooks/agentmon/emitter/envelope.ts";
import { limits } from "../../hooks/agentmon/emitter/limits.ts";
import { Lock } from "../../hooks/agentmon/emitter/lock.ts";
import { logToStandardError } from "../../hooks/agentmon/emitter/log.ts";
import { readVariables, settingsFrom, type Settings } from "../../hooks/agentmon/emitter/settings.ts";
import { Spool } from "../../hooks/agentmon/emitter/spool.ts";
import { TestGateway } from "./gateway.ts";
import { temporaryFolder, until } from "./temporary.ts";

const source = { framework: "test", name: "zap", capture: true };

function settings(url: string, token?: string): Settings {
  return { gateway: { url, token }, source };
}

function numbered(number: number): { type: string; at: number; details: { number: number } } {
  return { type: "test.number", at: Date.now(), details: { number } };
}

/** What is written to standard error from now on. */
function logged(t: TestContext): () => string {
  const write = t.mock.method(process.stderr, "write", () => true);
  return () => write.mock.calls.map((call) => String(call.arguments[0])).join("");
}

test("events arrive in order, with the token, and the spool is empty then", async (t) => {
  const gateway = await TestGateway.start();
  t.after(() => gateway.stop());
  const folder = temporaryFolder(t);
  const emitter = new Emitter(settings(gateway.url, "t0k"), folder, assert.fail);
  for (let number = 0; number < 1200; number += 1) emitter.emit(numbered(number));
  await gateway.arrived(1200);
  assert.deepEqual(gateway.events.map((each) => each.payload.number), [...Array(1200).keys()]);
  assert.ok(gateway.batches.every((batch) => batch.length <= limits.batchEvents));
  assert.equal(gateway.tokens[0], "Bearer t0k");
  await until(() => readdirSync(join(folder, "spool")).length === 0);
});

test("what waited while the gateway was away goes out by the next process, in order and before what is new", async (t) => {
  const folder = temporaryFolder(t);
  const said: string[] = [];
  const away = await TestGateway.start();
  const { url, port } = away;
  await away.stop();
  const first = new Emitter(settings(url), folder, (line) => said.push(line));
  for (let number = 0; number < 20; number += 1) first.emit(numbered(number));
  await until(() => said.length > 0);
  assert.match(said[0] ?? "", /cannot be reached .*ECONNREFUSED.*wait here/);

  const gateway = await TestGateway.start(port);
  t.after(() => gateway.stop());
  const second = new Emitter(settings(url), folder, () => undefined);
  second.emit(numbered(20));
  await first.flush(5000);
  await gateway.arrived(21);
  assert.deepEqual(gateway.events.map((each) => each.payload.number), [...Array(21).keys()]);
});

test("503 with Retry-After is obeyed, and nothing is lost or reordered", async (t) => {
  const gateway = await TestGateway.start();
  t.after(() => gateway.stop());
  gateway.answerOnce((response) => response.writeHead(503, { "retry-after": "1" }).end("{}"));
  const said: string[] = [];
  const emitter = new Emitter(settings(gateway.url), temporaryFolder(t), (line) => said.push(line));
  const start = performance.now();
  emitter.emit(numbered(0), numbered(1));
  await gateway.arrived(2);
  assert.ok(performance.now() - start >= 1000);
  assert.match(said[0] ?? "", /answered 503/);
  await until(() => said.length === 2);
  assert.match(said[1] ?? "", /has all events/);
});

test("an event that the gateway will never take does not cost its neighbours", async (t) => {
  const gateway = await TestGateway.start();
  t.after(() => gateway.stop());
  const refuse = (response: import("node:http").ServerResponse) => response.writeHead(400).end('{"error":"no"}');
  gateway.answerOnce(refuse); // all four
  gateway.answerOnce(refuse); // the first two
  gateway.answerOnce(refuse); // the first alone
  const said: string[] = [];
  const emitter = new Emitter(settings(gateway.url), temporaryFolder(t), (line) => said.push(line));
  emitter.emit(numbered(0), numbered(1), numbered(2), numbered(3));
  await gateway.arrived(3);
  assert.deepEqual(gateway.events.map((each) => each.payload.number), [1, 2, 3]);
  assert.match(said.join(), /given up/);
});

for (const [name, status, body, says] of [
  ["a wrong token", 401, "{}", /AGENTMON_INGEST_TOKEN/],
  ["a wrong address", 404, "not found", /AGENTMON_INGEST_URL/],
  ["some other server", 202, "<html>", /AGENTMON_INGEST_URL/],
] as const)
  test(`${name} keeps the events and says what to do`, async (t) => {
    const gateway = await TestGateway.start();
    t.after(() => gateway.stop());
    gateway.answerOnce((response) => response.writeHead(status).end(body));
    const folder = temporaryFolder(t);
    const said: string[] = [];
    const emitter = new Emitter(settings(gateway.url), folder, (line) => said.push(line));
    emitter.emit(numbered(0));
    await until(() => said.length > 0);
    assert.match(said[0] ?? "", says);
    assert.equal(readdirSync(join(folder, "spool")).length, 1);
    await emitter.flush(5000);
    await gateway.arrived(1);
  });

test("processes that are killed at any moment leave whole events only, and none is missing", async (t) => {
  const folder = join(temporaryFolder(t), "spool");
  const worker = new URL("spool.worker.mjs", import.meta.url).pathname;
  const kept = new Map<string, number>();
  await Promise.all(
    [...Array(4).keys()].map(async (index) => {
      const child = spawn(process.execPath, [worker, folder, `w${index}`]);
      let output = "";
      child.stdout.on("data", (data: Buffer) => {
        output += data.toString();
        if (output.split("\n").length > 40 + 37 * index) child.kill("SIGKILL");
      });
      await once(child, "close");
      kept.set(`w${index}`, Number(output.trim().split("\n").at(-1)));
    }),
  );
  const spool = new Spool(folder);
  const found = new Map<string, Set<number>>();
  for (let batch = spool.next(); batch.files.length > 0; spool.remove(batch), batch = spool.next())
    for (const text of batch.events) {
      const { worker: by, number } = (JSON.parse(text) as { payload: { worker: string; number: number } }).payload;
      found.set(by, (found.get(by) ?? new Set()).add(number));
    }
  for (const [by, last] of kept) {
    const numbers = found.get(by) ?? new Set();
    for (let number = 0; number <= last; number += 1) assert.ok(numbers.has(number), `${by} lost ${number}`);
  }
});

test("what is told in the last moment of a process is kept", async (t) => {
  const folder = temporaryFolder(t);
  const child = spawn(process.execPath, [new URL("exit.worker.mjs", import.meta.url).pathname, folder]);
  await once(child, "close");
  assert.equal(new Spool(join(folder, "spool")).next().events.length, 1);
});

test("an agent that waits for a hook waits less than 2 ms of its processor for a long result", async (t) => {
  const emitter = new Emitter(settings("http://127.0.0.1:1"), temporaryFolder(t), () => undefined);
  const output = [...Array(4).keys()].map((part) => ({ type: "text", text: `part ${part}: see https://host/path, token_count=3\n`.repeat(1000) }));
  const took: number[] = [];
  for (let number = 0; number < 200; number += 1) {
    const before = process.cpuUsage();
    emitter.emit({ type: "span.end", at: Date.now(), output });
    const { user, system } = process.cpuUsage(before);
    took.push((user + system) / 1000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  took.sort((one, other) => one - other);
  t.diagnostic(`processor time: p50 ${took[100]} ms, p95 ${took[190]} ms`);
  assert.ok((took[190] ?? 9) < 2, `${took[190]} ms`);
});

test("two processes on one spool send every event once", async (t) => {
  const gateway = await TestGateway.start();
  t.after(() => gateway.stop());
  const folder = temporaryFolder(t);
  const emitters = [0, 1].map(() => new Emitter(settings(gateway.url), folder, () => undefined));
  for (let number = 0; number < 200; number += 1) emitters[number % 2]?.emit(numbered(number));
  await gateway.arrived(200);
  assert.equal(new Set(gateway.events.map((each) => each.event.id)).size, gateway.events.length);
});

test("the spool is bounded", (t) => {
  const spool = new Spool(join(temporaryFolder(t), "spool"));
  const big = JSON.stringify({ filler: "x".repeat(16 * 1024 * 1024) });
  for (let count = 0; count < 3; count += 1) spool.add([big]);
  assert.throws(() => spool.add([big, big]), /is full/);
});

test("a disk that cannot be written: the agent goes on, one line says so, and the gateway still hears it", async (t) => {
  const gateway = await TestGateway.start();
  t.after(() => gateway.stop());
  const file = join(temporaryFolder(t), "no-folder");
  writeFileSync(file, "");
  const log = logged(t);
  const emitter = new Emitter(settings(gateway.url), file, logToStandardError());
  emitter.emit(numbered(0));
  await gateway.arrived(1);
  emitter.emit(numbered(1));
  await gateway.arrived(2);
  assert.match(log(), /^\[agentmon\] events cannot be kept in .*no-folder.*(ENOTDIR|EEXIST).*\n$/);
});

test("a spool that becomes unwritable is told once, not with every event", async (t) => {
  const gateway = await TestGateway.start();
  t.after(() => gateway.stop());
  const folder = temporaryFolder(t);
  const log = logged(t);
  const emitter = new Emitter(settings(gateway.url), folder, logToStandardError());
  emitter.emit(numbered(0));
  await gateway.arrived(1);
  await until(() => readdirSync(join(folder, "spool")).length === 0);
  rmSync(join(folder, "spool"), { recursive: true });
  emitter.emit(numbered(1));
  emitter.emit(numbered(2));
  await gateway.arrived(3);
  assert.match(log(), /^\[agentmon\] events cannot be kept in .*ENOENT.*\n$/);
});

test("emit never throws, whatever it is given", async (t) => {
  const emitter = new Emitter(settings("http://127.0.0.1:1"), temporaryFolder(t), () => undefined);
  const trap = { get boom(): string { throw new Error("boom"); } };
  emitter.emit({ type: "test.trap", at: Number.NaN, input: trap });
  await emitter.flush(1000);
});

test("a lock belongs to one process, and to nobody when its process is gone or silent", (t) => {
  const file = join(temporaryFolder(t), "lock");
  const first = new Lock(file);
  const second = new Lock(file);
  assert.ok(first.take());
  assert.ok(!second.take());
  const longAgo = new Date(Date.now() - 2 * limits.lockStaleMs);
  utimesSync(file, longAgo, longAgo);
  assert.ok(second.take());
  first.release();
  assert.ok(!new Lock(file).take(), "only its owner gives it away");
  second.release();
  writeFileSync(file, "999999999 x"); // no such process
  assert.ok(second.take());
  second.release();
});

test("processes that take a lock and give it away all the time never hold it at once", async (t) => {
  const folder = temporaryFolder(t);
  const worker = new URL("lock.worker.mjs", import.meta.url).pathname;
  const said = await Promise.all(
    [...Array(3)].map(async () => {
      const child = spawn(process.execPath, [worker, join(folder, "lock"), join(folder, "inside"), "5000"]);
      const output: Buffer[] = [];
      child.stdout.on("data", (data: Buffer) => output.push(data));
      await once(child, "close");
      return Buffer.concat(output).toString();
    }),
  );
  assert.deepEqual(said, ["0\n", "0\n", "0\n"]);
});

test("capture off: no text of users, models and tools is told", () => {
  const text = envelope(
    { type: "span.end", at: 0, status: "error", kind: "tool", name: "exec", input: "IN", output: "OUT", error: { type: "exit", message: "MSG" } },
    { ...source, capture: false },
  );
  assert.doesNotMatch(text, /IN|OUT|MSG/);
  assert.match(text, /"name":"exec"/);
});

test("an event never exceeds what the gateway takes", () => {
  const text = envelope({ type: "span.end", at: 0, input: "\u0001".repeat(1e6), output: ["\u0002".repeat(1e6)] }, source);
  assert.ok(Buffer.byteLength(text) <= limits.eventBytes + 1024);
});

test("ids: of the time, and the same for the same seed", () => {
  assert.match(eventId(1795360211700), /^01a203ce-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(eventId(1, "a"), eventId(1, "a"));
  assert.notEqual(eventId(1, "a"), eventId(1, "b"));
  assert.equal(timeText(1795360211700.25), "2026-11-22T15:10:11.700250Z");
});

test("settings", () => {
  assert.match(settingsFrom("x", {}) as string, /is not set/);
  assert.match(settingsFrom("x", { AGENTMON_INGEST_URL: "localhost:8080" }) as string, /"localhost:8080" is none/);
  const read = settingsFrom("x", readVariables('AGENTMON_INGEST_URL="http://h:1/v1/events"\nAGENTMON_VM_NAME = zap\nAGENTMON_CAPTURE_CONTENT=off\n'));
  assert.deepEqual(read, { gateway: { url: "http://h:1/v1/events", token: undefined }, source: { framework: "x", name: "zap", capture: false } });
});

test("the folder of the spool is for its user only", (t) => {
  const folder = join(temporaryFolder(t), "a", "spool");
  new Spool(folder).add(["{}"]);
  assert.throws(() => mkdirSync(folder));
  chmodSync(folder, 0o700);
  assert.equal(readdirSync(folder).length, 1);
});
