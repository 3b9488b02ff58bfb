import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { drain } from "../agentmon/emitter/drain.ts";
import { envelope, type Happening } from "../agentmon/emitter/envelope.ts";
import { Lock } from "../agentmon/emitter/lock.ts";
import { type Log, logToFile, reason } from "../agentmon/emitter/log.ts";
import { readVariables, type Settings, settingsFrom, type Variables } from "../agentmon/emitter/settings.ts";
import { Spool } from "../agentmon/emitter/spool.ts";
import { type Arrival, arrivals } from "./inbox.ts";
import { Memory } from "./memory.ts";

/* What runs in the background of the calls of a hook. Inbox -> envelopes in the spool -> gateway.
 *
 * One process at a time reads the inbox, in the order of the calls; it stays for a while, because starting Node for every
 * call would cost the machine more than everything else here. The hook's command starts it, and gives it a descriptor of
 * the locked inbox.lock: as long as that is open the command starts no other. A file of the inbox is removed after its events are
 * in the spool and the session's memory is kept. Who is killed in between leaves the file; it is then read again, with
 * the same memory (or is known from it as already done), which gives the same events with the same ids. */

/** How long a process waits for a gateway that is away; the next call of a hook starts another. */
const patienceMs = 10 * 60_000;

/** How long the reader of the inbox stays after the last call: between the calls of an agent at work there are seconds,
 * and starting Node takes as much of the processor as so long a look. */
const stayMs = 15_000;
/** How often it looks. */
const lookMs = 100;
/** Starting another takes milliseconds; a machine can be busy. */
const commandMs = 10_000;

/** What is kept unread where nothing can be told, because the disk does not let it. */
const mostUnread = 1000;

/** What the hooks of one agent mean. */
export interface Agent<Record extends object> {
  framework: string;
  /** The session that an arrival belongs to; undefined: it means nothing. */
  sessionOf: (arrival: Arrival, memory: Memory<Record>) => string | undefined;
  emptyRecord: () => Record;
  /** Tells what the arrival means, and changes the record of its session. */
  interpret: (arrival: Arrival, record: Record, memory: Memory<Record>, tell: (happening: Happening) => void) => Promise<void>;
}

/** Tells the gateway what the agent said to its hooks. `lock`: the descriptor of the lock on the inbox. Never throws. */
export async function report<Record extends { lastArrival?: string }>(agent: Agent<Record>, folder: string, lock?: number): Promise<void> {
  const log = logToFile(join(folder, "agentmon.log"));
  const inbox = join(folder, "inbox");
  try {
    mkdirSync(inbox, { recursive: true, mode: 0o700 });
    const settings = settingsFrom(agent.framework, variablesOf(folder));
    if (typeof settings === "string") {
      log(`${settings} (see ${join(folder, "agentmon.env")})`);
      for (const arrival of arrivals(inbox)) rmSync(arrival.file, { force: true });
      return;
    }
    const spool = new Spool(join(folder, "spool"));
    const sender = new Sender(folder, settings, spool, log);
    await readInbox({ agent, settings, spool, log, inbox, sender, memory: new Memory(join(folder, "sessions"), agent.emptyRecord) });
    if (lock !== undefined) leave(lock, folder, inbox);
    await sender.done();
  } catch (error) {
    log(`nothing can be reported: ${reason(error)}`);
    for (const arrival of arrivals(inbox).slice(0, -mostUnread)) rmSync(arrival.file, { force: true });
  }
}

/** Gives the lock away. A call that found it taken has left its file here; it is read by whoever has the lock now. */
function leave(lock: number, folder: string, inbox: string): void {
  closeSync(lock);
  if (arrivals(inbox).length > 0) spawnSync(join(folder, "report"), ["--read"], { stdio: "ignore", timeout: commandMs });
}

/** The file beside the program counts more than the environment: an agent's hooks may run in a daemon that has the
 * environment of whoever started it. */
function variablesOf(folder: string): Variables {
  try {
    return { ...process.env, ...readVariables(readFileSync(join(folder, "agentmon.env"), "utf8")) };
  } catch {
    return process.env;
  }
}

interface Reading<Record extends object> {
  agent: Agent<Record>;
  settings: Settings;
  spool: Spool;
  log: Log;
  inbox: string;
  sender: Sender;
  memory: Memory<Record>;
}

async function readInbox<Record extends { lastArrival?: string }>(reading: Reading<Record>): Promise<void> {
  reading.sender.send(); // what an earlier process left
  reading.memory.forgetOld();
  for (let quietMs = 0; quietMs < stayMs; quietMs += lookMs) {
    const next = arrivals(reading.inbox);
    for (const arrival of next) await readArrival(reading, arrival);
    if (next.length > 0) quietMs = 0;
    if (next.length > 0) reading.sender.send();
    await pause(lookMs);
  }
}

async function readArrival<Record extends { lastArrival?: string }>(reading: Reading<Record>, arrival: Arrival): Promise<void> {
  try {
    const session = reading.agent.sessionOf(arrival, reading.memory);
    if (session === undefined) return;
    const record = reading.memory.recall(session);
    if (record.lastArrival === arrival.id) return;
    const events: string[] = [];
    await reading.agent.interpret(arrival, record, reading.memory, (happening) => events.push(envelope(happening, reading.settings.source)));
    if (events.length > 0) reading.spool.add(events, arrival.id);
    record.lastArrival = arrival.id;
    reading.memory.keep(session, record);
  } catch (error) {
    reading.log(`what a hook was told is lost: ${reason(error)}`);
  } finally {
    rmSync(arrival.file, { force: true });
  }
}

/** Empties the spool beside everything else. */
class Sender {
  private readonly work: Parameters<typeof drain>[0];
  private deadline = 0;
  private sending: Promise<void> | undefined;

  constructor(folder: string, gateway: Settings, spool: Spool, log: Log) {
    this.work = {
      queue: spool,
      turn: new Lock(join(folder, "spool.lock")),
      gateway: gateway.gateway,
      log,
      rejected: () => undefined, // the log says so
      goOn: async (milliseconds) => {
        if (Date.now() + milliseconds > this.deadline) return false;
        await pause(milliseconds);
        return true;
      },
    };
  }

  send(): void {
    this.deadline = Date.now() + patienceMs;
    this.sending ??= drain(this.work).finally(() => (this.sending = undefined));
  }

  async done(): Promise<void> {
    this.send();
    await this.sending;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
