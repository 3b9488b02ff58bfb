import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { drain } from "../agentmon/emitter/drain.ts";
import { envelope, type Happening } from "../agentmon/emitter/envelope.ts";
import { Lock } from "../agentmon/emitter/lock.ts";
import { type Log, logToFile, reason } from "../agentmon/emitter/log.ts";
import { readVariables, type Settings, settingsFrom, type Variables } from "../agentmon/emitter/settings.ts";
import { Spool } from "../agentmon/emitter/spool.ts";
import { type Arrival, arrivals } from "./inbox.ts";
import { Memory } from "./memory.ts";

/* What runs in the background after each call of a hook. Inbox -> envelopes in the spool -> gateway.
 *
 * One process at a time reads the inbox, in the order of the calls. A file of the inbox is removed after its events are
 * in the spool and the session's memory is kept. Who is killed in between leaves the file; it is then read again, with
 * the same memory (or is known from it as already done), which gives the same events with the same ids. */

/** How long a process waits for a gateway that is away; the next call of a hook starts another. */
const patienceMs = 10 * 60_000;

/** What the hooks of one agent mean. */
export interface Agent<Record extends object> {
  framework: string;
  /** The session that an arrival belongs to; undefined: it means nothing. */
  sessionOf: (arrival: Arrival, memory: Memory<Record>) => string | undefined;
  emptyRecord: () => Record;
  /** Tells what the arrival means, and changes the record of its session. */
  interpret: (arrival: Arrival, record: Record, memory: Memory<Record>, tell: (happening: Happening) => void) => Promise<void>;
}

/** Tells the gateway what the agent said to its hooks. Never throws. */
export async function report<Record extends { lastArrival?: string }>(agent: Agent<Record>, folder: string): Promise<void> {
  const log = logToFile(join(folder, "agentmon.log"));
  try {
    const inbox = join(folder, "inbox");
    mkdirSync(inbox, { recursive: true, mode: 0o700 });
    const settings = settingsFrom(agent.framework, variablesOf(folder));
    if (typeof settings === "string") {
      log(`${settings} (see ${join(folder, "agentmon.env")})`);
      for (const arrival of arrivals(inbox)) rmSync(arrival.file, { force: true });
      return;
    }
    const spool = new Spool(join(folder, "spool"));
    await readInbox({ agent, settings, spool, log, inbox, memory: new Memory(join(folder, "sessions"), agent.emptyRecord) });
    await sendSpool(folder, settings, spool, log);
  } catch (error) {
    log(`nothing can be reported: ${reason(error)}`);
  }
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
  memory: Memory<Record>;
}

async function readInbox<Record extends { lastArrival?: string }>(reading: Reading<Record>): Promise<void> {
  const lock = new Lock(`${reading.inbox}.lock`);
  // Again after the lock is given away: a process that found it taken has left its file to this one.
  for (let next = arrivals(reading.inbox); next.length > 0 && lock.take(); next = arrivals(reading.inbox)) {
    try {
      for (; next.length > 0; next = arrivals(reading.inbox)) {
        for (const arrival of next) await readArrival(reading, arrival);
      }
      reading.memory.forgetOld();
    } finally {
      lock.release();
    }
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

async function sendSpool(folder: string, settings: Settings, spool: Spool, log: Log): Promise<void> {
  const deadline = Date.now() + patienceMs;
  await drain({
    spool,
    lock: new Lock(join(folder, "spool.lock")),
    gateway: settings.gateway,
    log,
    goOn: async (milliseconds) => {
      if (Date.now() + milliseconds > deadline) return false;
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      return true;
    },
  });
}
