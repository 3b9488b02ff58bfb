import { AsyncLocalStorage } from "node:async_hooks";
import { join } from "node:path";

import { eventId } from "./emitter/envelope.ts";
import { Lock } from "./emitter/lock.ts";
import { type Log, logToStandardError, reason } from "./emitter/log.ts";
import { type Queue, Sender } from "./emitter/sender.ts";
import { type Settings, settingsFrom } from "./emitter/settings.ts";
import { Spool } from "./emitter/spool.ts";
import { encode, type Fields, type Ids, TooLarge } from "./event.ts";
import { Memory } from "./memory.ts";

export type { Fields, Ids };

/** What is left out is read from the environment (../README.md). */
export interface Options {
  url?: string | undefined;
  token?: string | undefined;
  clientId?: string | undefined;
  host?: string | undefined;
  /** A folder where events wait; without it, in memory. */
  spool?: string | undefined;
}

export interface Given {
  id?: string | undefined;
  input?: unknown;
}

export interface GivenSpan extends Given {
  /** tool, model, compaction or subagent. */
  kind: string;
  name?: string | undefined;
}

export interface More extends Ids {
  attributes?: Fields | undefined;
  /** Milliseconds since 1970, with fractions; now without it. */
  at?: number | undefined;
}

/** A session, run or span that goes on: set its fields before it ends. */
export interface Scope {
  readonly ids: Ids;
  output?: unknown;
  usage?: Fields | undefined;
  status?: "success" | "error" | "aborted" | undefined;
}

export type Reason = "no_gateway" | "full" | "too_large" | "invalid" | "rejected" | "closed";

const closeMs = 5000;
const alone = { take: () => true, release: () => undefined };
const around = new AsyncLocalStorage<Scope>();

/** Sends events behind the program's back. Nothing here throws or waits for the network but flush and close. */
export class Emitter {
  private readonly settings: Settings | undefined;
  private readonly host: string = "";
  private readonly memory = new Memory();
  private readonly sender: Sender | undefined;
  private readonly log: Log = logToStandardError();
  private readonly counts = new Map<Reason, number>();
  private readonly atExit = (): void => void this.close();
  private closed = false;

  constructor(framework: string, options: Options = {}) {
    const settings = settingsFrom(framework, {
      ...process.env,
      ...(options.url === undefined ? {} : { AGENTMON_INGEST_URL: options.url }),
      ...(options.token === undefined ? {} : { AGENTMON_INGEST_TOKEN: options.token }),
    });
    if (typeof settings === "string") {
      this.log(settings);
      return;
    }
    this.host = options.host ?? settings.source.name;
    this.settings = { ...settings, source: { ...settings.source, name: options.clientId ?? settings.source.name } };
    this.sender = new Sender({
      gateway: settings.gateway,
      queue: this.queueIn(options.spool),
      turn: options.spool === undefined ? alone : new Lock(join(options.spool, ".lock")),
      log: this.log,
      unusable: (error) => this.log(`what waits cannot be sent: ${reason(error)}`),
      rejected: (count) => this.drop("rejected", undefined, count),
    });
    process.once("beforeExit", this.atExit);
  }

  /** Tells one event. Without a session_id it belongs to the scope around the caller. */
  emit(type: string, payload: Fields = {}, more: More = {}): void {
    const { at = now(), attributes = {}, ...ids } = more;
    const outer = around.getStore();
    this.tell(type, ids.session_id === undefined && outer ? { ...outer.ids, trace_id: ids.trace_id } : ids, payload, at, attributes);
  }

  /** A conversation. Gives what `body` gives; so do run and span. */
  session<Result>(given: Given, body: (scope: Scope) => Result): Result {
    return this.within("session", { session_id: given.id ?? newId() }, {}, given, body);
  }

  /** One user message until the agent's answer. */
  run<Result>(given: Given, body: (scope: Scope) => Result): Result {
    const ids = { session_id: around.getStore()?.ids.session_id ?? newId(), run_id: given.id ?? newId() };
    return this.within("run", ids, {}, given, body);
  }

  /** A piece of work in a run. */
  span<Result>(given: GivenSpan, body: (scope: Scope) => Result): Result {
    const outer: Ids = around.getStore()?.ids ?? {};
    const ids = {
      session_id: outer.session_id ?? newId(),
      run_id: outer.run_id ?? newId(),
      span_id: given.id ?? newId(),
      parent_span_id: outer.span_id,
    };
    return this.within("span", ids, { kind: given.kind, name: given.name }, given, body);
  }

  /** A function whose every call is a span of kind tool with its arguments and its result. */
  tool<Arguments extends unknown[], Result>(name: string, body: (...given: Arguments) => Result): (...given: Arguments) => Result {
    return (...given) =>
      this.span({ kind: "tool", name, input: given }, (span) =>
        whenDone(body(...given), (result) => {
          span.output = result;
        }),
      );
  }

  /** Sends what waits, without pausing first, for at most this time. */
  async flush(milliseconds: number = closeMs): Promise<void> {
    await this.sender?.flush(milliseconds);
  }

  /** Takes no more events, and flushes. What is in memory after that time is dropped. */
  async close(milliseconds: number = closeMs): Promise<void> {
    process.removeListener("beforeExit", this.atExit);
    this.closed = true;
    await this.flush(milliseconds);
    if (!this.memory.isEmpty()) this.drop("closed", "the gateway was away until the end", this.memory.length);
    this.memory.clear();
  }

  /** How many events were dropped, by reason. */
  dropped(): Partial<Record<Reason, number>> {
    return Object.fromEntries(this.counts);
  }

  private queueIn(folder: string | undefined): () => Queue {
    let spool: Spool | undefined;
    return folder === undefined ? () => this.memory : () => (spool ??= new Spool(folder));
  }

  private within<Result>(level: string, ids: Ids, labels: Fields, given: Given, body: (scope: Scope) => Result): Result {
    const scope: Scope = { ids };
    const began = performance.now();
    this.tell(`${level}.start`, ids, { ...labels, input: given.input });
    const end = (ended: Fields): void =>
      this.tell(`${level}.end`, ids, {
        ...labels,
        output: scope.output,
        usage: scope.usage,
        duration_ms: level === "session" ? undefined : Math.round((performance.now() - began) * 1000) / 1000,
        ...ended,
      });
    return around.run(scope, () => {
      try {
        return whenDone(
          body(scope),
          () => end({ status: scope.status ?? "success" }),
          (error) => end(failure(error)),
        );
      } catch (error) {
        end(failure(error));
        throw error;
      }
    });
  }

  private tell(type: string, ids: Ids, payload: Fields, at = now(), attributes: Fields = {}): void {
    if (!this.settings || !this.sender) return this.drop("no_gateway");
    if (this.closed) return this.drop("closed", "an event was told after close");
    let text: string;
    try {
      text = encode({ type, at, ids, payload, attributes }, { ...this.settings.source, host: this.host });
    } catch (error) {
      return this.drop(error instanceof TooLarge ? "too_large" : "invalid", `${type} cannot be told: ${reason(error)}`);
    }
    try {
      this.sender.add([text]);
    } catch (error) {
      this.drop("full", reason(error));
    }
  }

  private drop(why: Reason, text?: string, count = 1): void {
    const before = this.counts.get(why) ?? 0;
    this.counts.set(why, before + count);
    if (text !== undefined && before === 0) this.log(`${text}: dropped (${why})`);
  }
}

/** Tells what came of it, at once or when the promise is kept or broken, and hands it on as it is. */
function whenDone<Result>(result: Result, done: (value: unknown) => void, failed?: (error: unknown) => void): Result {
  if (result instanceof Promise) {
    const told = result.then(
      (value: unknown) => {
        done(value);
        return value;
      },
      (error: unknown) => {
        failed?.(error);
        throw error;
      },
    );
    return told as Result;
  }
  done(result);
  return result;
}

function failure(error: unknown): Fields {
  const name = error instanceof Error ? error.name : typeof error;
  if (name === "AbortError") return { status: "aborted" };
  return { status: "error", error: { type: name, message: reason(error) } };
}

function newId(): string {
  return eventId(now());
}

let last = 0;

/** Later than the last time, so that what is told first is first. */
function now(): number {
  last = Math.max(Date.now(), last + 0.001);
  return last;
}
