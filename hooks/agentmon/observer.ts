import { homedir } from "node:os";
import { join } from "node:path";

import { subscribe } from "./diagnostics.ts";
import { Emitter } from "./emitter/emitter.ts";
import type { Happening } from "./emitter/envelope.ts";
import { logToStandardError } from "./emitter/log.ts";
import { settingsFrom } from "./emitter/settings.ts";
import type { Timeline } from "./emitter/timeline.ts";
import { Sessions } from "./sessions.ts";

/** At the end of the process: OpenClaw waits 5 s. */
const flushMs = 3000;
/** The answer is sent after the end of its run. */
const answerMs = 1000;
/** Notes on runs and messages that nobody fetched; far more than can be in work. */
const mostNotes = 500;

/** A place in the story: the conversation, the run in it and, within a sub-agent, its span. */
export interface Place {
  timeline: Timeline;
  run: string;
  parent: string | undefined;
}

/** A sub-agent at work: the place of the run that started it, and its span there. */
export interface Child {
  key: string;
  place: Place;
  span: string;
}

/** Puts together what the internal hooks, the diagnostic bus and the plugin's hooks tell of the same things. The bus is
 * the source for runs and model calls, the plugin for tools where it is loaded, the hooks for conversations. */
export class Observer {
  readonly sessions: Sessions;
  /** The plugin's hooks are called. */
  plugin = false;
  /** The internal hooks are called. */
  hookHandler = false;
  /** The diagnostic bus of OpenClaw is heard. */
  bus = true;
  /** What will be the input of the next run of a session key. */
  readonly inputs = new Notes<unknown>();
  /** What the model said at last, and its tokens, by run. */
  readonly outputs = new Notes<unknown>();
  /** How a run ended as the plugin sees it. */
  readonly failures = new Notes<{ type: string; message: string | undefined }>();
  /** Runs whose model calls told their tokens. */
  readonly counted = new Notes<true>();
  readonly usages = new Notes<NonNullable<Happening["usage"]>>();
  /** Runs that were tried again: OpenClaw tells the durations of their attempts. */
  readonly repeated = new Notes<true>();
  /** The exit code of the process that a session's tool ran last. */
  readonly exitCodes = new Notes<number>();
  /** The tool call that started a sub-agent last, by run. */
  readonly spawns = new Notes<string>();
  /** The real tool of a call that went through a wrapper, by the wrapper's call. */
  readonly wrapped = new Notes<string>();
  /** Where a trace began: a sub-agent goes on with the trace of the run that started it. */
  readonly traces = new Notes<Place>();
  /** Resolves when the bus has told what happened before the call: it tells some things at once, and others later. */
  drained: () => Promise<void> = () => Promise.resolve();
  /** Ends that wait for what is late. */
  private readonly late = new Map<string, { timer: NodeJS.Timeout; end: () => void }>();
  private readonly lateMs: number;
  /** Where runs are told, by their ids: what is heard of them late belongs there, too. */
  private readonly places = new Notes<Place>();
  /** Sub-agents at work, by their session key. */
  private readonly children = new Notes<Child>();
  private readonly emitter: Emitter | undefined;

  constructor(folder: string, tell: Emitter | ((happening: Happening) => void), lateMs = answerMs) {
    this.lateMs = lateMs;
    this.emitter = tell instanceof Emitter ? tell : undefined;
    const emit = tell instanceof Emitter ? (happening: Happening) => tell.emit(happening) : tell;
    this.sessions = new Sessions(join(folder, "sessions.json"), emit);
  }

  /** Ends something in a moment, after what the bus has not told yet. */
  endSoon(what: string, end: () => void): void {
    this.endNow(what);
    const endThis = (): void => {
      if (this.late.get(what) === waiting) this.endNow(what);
    };
    const timer = setTimeout(() => void this.drained().then(endThis, endThis), this.lateMs);
    timer.unref();
    const waiting = { timer, end };
    this.late.set(what, waiting);
  }

  endNow(what: string): void {
    const waiting = this.late.get(what);
    if (!waiting) return;
    this.late.delete(what);
    clearTimeout(waiting.timer);
    waiting.end();
  }

  /** What was about to end goes on. */
  goesOn(what: string): boolean {
    clearTimeout(this.late.get(what)?.timer);
    return this.late.delete(what);
  }

  /** Nothing waits any longer: a conversation is begun anew, or the process ends. */
  settle(): void {
    for (const what of [...this.late.keys()]) this.endNow(what);
  }

  async flush(): Promise<void> {
    await this.drained();
    this.settle();
    this.sessions.save();
    await this.emitter?.flush(flushMs);
  }

  /** Where a run of a session key is told: in its own conversation or, of a sub-agent, in its parent's. */
  place(key: string, sessionId: string | undefined, run: string): Place | undefined {
    const told = this.places.get(run);
    if (told) return told;
    const child = this.children.get(key);
    if (child) return { ...child.place, parent: child.span };
    const timeline = this.sessions.at(key, sessionId);
    return timeline && { timeline, run, parent: undefined };
  }

  /** All that is heard of a run from now on is told there. */
  remember(run: string, place: Place): void {
    this.places.set(run, place);
  }

  /** A sub-agent begins to work for a run of its parent; undefined when it is not known whose it is. */
  startChild(key: string, run: string, parent: Place | undefined, at: number, name: string | undefined): Child | undefined {
    const known = this.children.get(key);
    if (known) return known;
    const place = parent ?? this.likelyParent(key);
    if (!place) return undefined;
    const caller = place.timeline.lastSpan(place.run, (span) => span.kind === "tool") ?? this.spawns.get(place.run);
    const child: Child = { key, place, span: run };
    place.timeline.startSpan(place.run, run, at, { kind: "subagent", name: name ?? "subagent", parent: caller ?? place.parent });
    this.children.set(key, child);
    this.remember(run, { ...place, parent: run });
    return child;
  }

  child(key: string): Child | undefined {
    return this.children.get(key);
  }

  forgetChild(child: Child): void {
    if (this.children.get(child.key) === child) this.children.delete(child.key);
  }

  /** The open run of a session key. */
  openPlace(key: string): Place | undefined {
    const child = this.children.get(key);
    if (child) return { ...child.place, parent: child.span };
    const timeline = this.sessions.at(key, undefined);
    const run = timeline?.openRun();
    return timeline && run !== undefined ? { timeline, run, parent: undefined } : undefined;
  }

  /** Without a trace and the plugin nobody says who started a sub-agent: it is a conversation of the same agent in which a run is
   * open, the one that was heard of last. */
  private likelyParent(key: string): Place | undefined {
    const agent = key.split(":subagent:")[0] ?? "";
    const prefix = agent.split(":").slice(0, 2).join(":");
    const parent = this.sessions.openKeys().find((open) => open !== key && open.startsWith(prefix));
    return parent === undefined ? undefined : this.openPlace(parent);
  }
}

/** A map that forgets its oldest entries. */
export class Notes<Value> extends Map<string, Value> {
  override set(key: string, value: Value): this {
    this.delete(key);
    if (this.size >= mostNotes) this.delete(this.keys().next().value ?? "");
    return super.set(key, value);
  }

  take(key: string): Value | undefined {
    const value = this.get(key);
    this.delete(key);
    return value;
  }
}

interface Shared {
  observer: Observer | undefined;
}

const shared = Symbol.for("agentmon.openclaw");

/** The one observer of this process, whether the hook or the plugin was loaded first, or again; undefined when the
 * settings are wrong, which is said once. */
export function observer(): Observer | undefined {
  const place = globalThis as unknown as Record<symbol, Shared | undefined>;
  place[shared] ??= { observer: start() };
  return place[shared].observer;
}

function start(): Observer | undefined {
  const log = logToStandardError();
  const settings = settingsFrom("openclaw", process.env);
  if (typeof settings === "string") {
    log(`${settings}; set it in ~/.openclaw/.env and restart the gateway`);
    return undefined;
  }
  const folder = join(process.env.OPENCLAW_STATE_DIR ?? join(homedir(), ".openclaw"), "agentmon");
  const here = new Observer(folder, new Emitter(settings, folder, log));
  void subscribe(here, log);
  return here;
}
