import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { Session } from "../../api/types";
import { type Page, SessionList, type Source } from "./list.svelte";

/** A query API over sessions that the test changes, newest first unless told otherwise. */
class Server {
  sessions: Session[] = [];
  asked: (string | null)[] = [];
  size = 500;

  source(changes: Partial<Source> = {}): Source {
    return {
      order: "newest",
      matches: () => true,
      ask: async (cursor) => {
        this.asked.push(cursor);
        const begin = cursor === null ? 0 : this.sessions.findIndex((each) => each.session_id === cursor) + 1;
        const sessions = this.sessions.slice(begin, begin + this.size);
        const isEnd = begin + this.size >= this.sessions.length;
        const page: Page = { sessions, next_cursor: isEnd ? null : (sessions.at(-1)?.session_id ?? null) };
        return { ok: true, value: page };
      },
      ...changes,
    };
  }
}

function session(n: number, changes: Partial<Session> = {}): Session {
  return {
    session_id: `s${n}`,
    status: "success",
    first_ts: new Date(n * 1000).toISOString(),
    counts: { events: 1 },
    ...changes,
  } as Session;
}

const newestFirst = (count: number): Session[] => Array.from({ length: count }, (_, at) => session(count - at));
const news = (...sessions: Session[]) => ({ events: [], sessions, vms: [], gap: false });
const settled = (): Promise<void> => vi.advanceTimersByTimeAsync(0).then(() => undefined);
const ids = (list: SessionList, count = list.count): (string | undefined)[] =>
  Array.from({ length: count }, (_, at) => list.at(at)?.session_id);

let server: Server;
let list: SessionList;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  server = new Server();
  list = new SessionList();
});

afterEach(() => {
  list.close();
  vi.useRealTimers();
});

async function open(source = server.source()): Promise<void> {
  list.open(source);
  await settled();
}

test("pages are asked for as one scrolls, each once", async () => {
  server.sessions = newestFirst(1_300);
  await open();
  expect(list.count).toBe(500);
  list.want(0, 50);
  await settled();
  expect(server.asked).toEqual([null]);
  list.want(200, 250);
  await settled();
  expect(list.count).toBe(1_000);
  list.want(900, 950);
  await settled();
  expect(list.count).toBe(1_300);
  expect(list.more).toBe(false);
  expect(server.asked).toEqual([null, "s801", "s301"]);
  expect(ids(list)).toEqual(server.sessions.map((each) => each.session_id));
});

test("rows far from what is seen are dropped, and asked for again when it is seen", async () => {
  server.size = 500;
  server.sessions = newestFirst(30_000);
  await open();
  while (list.more) {
    list.want(list.count - 50, list.count);
    await settled();
  }
  expect(list.count).toBe(30_000);
  expect(ids(list).filter((id) => id !== undefined)).toHaveLength(20_500);
  expect(list.at(700)).toBeNull();
  list.want(700, 750);
  await settled();
  expect(list.at(700)?.session_id).toBe("s29300");
  expect(list.indexOf("s29300")).toBe(700);
  expect(ids(list).filter((id) => id !== undefined)).toHaveLength(20_500);
});

test("a new session appears at the top, a known one changes in its place", async () => {
  server.sessions = newestFirst(3);
  await open();
  list.take(news(session(4, { status: "active" }), session(2, { status: "error" })));
  expect(ids(list)).toEqual(["s4", "s3", "s2", "s1"]);
  expect(list.at(2)?.status).toBe("error");
  expect(list.indexOf("s1")).toBe(3);
  expect(server.asked).toHaveLength(1);
});

test("while one reads further down new sessions are counted, and shown on the way back", async () => {
  server.sessions = newestFirst(3);
  await open();
  list.atTop(false);
  server.sessions = newestFirst(5);
  list.take(news(session(4), session(5), session(5)));
  expect(ids(list)).toEqual(["s3", "s2", "s1"]);
  expect(list.moved).toBe(2);
  list.atTop(true);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(ids(list)).toEqual(["s5", "s4", "s3", "s2", "s1"]);
  expect(list.moved).toBe(0);
});

test("sorted by attention, a session that fails moves; at most one question a second", async () => {
  server.sessions = [session(1, { status: "error" }), session(3), session(2)];
  await open(server.source({ order: "attention" }));
  const failed = session(2, { status: "error", counts: { ...session(2).counts, events: 2 } });
  server.sessions = [failed, session(1, { status: "error" }), session(3)];
  list.take(news(failed));
  expect(ids(list)).toEqual(["s1", "s3", "s2"]);
  expect(list.moved).toBe(1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(ids(list)).toEqual(["s2", "s1", "s3"]);
  list.take(news(session(1, { status: "success" })));
  list.take(news(session(3, { status: "error" })));
  await vi.advanceTimersByTimeAsync(900);
  expect(server.asked).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(100);
  expect(server.asked).toHaveLength(3);
});

test("a session that is in a part not asked for yet, or dropped, is not told as new", async () => {
  server.sessions = newestFirst(600);
  await open();
  list.atTop(false);
  list.take(news(session(50)));
  expect(list.moved).toBe(0);
});

test("what does not match stays out, and what no longer matches is told", async () => {
  server.sessions = [session(2, { status: "active" })];
  await open(server.source({ matches: (each) => each.status === "active" }));
  list.atTop(false);
  list.take(news(session(3)));
  expect(list.count).toBe(1);
  expect(list.moved).toBe(0);
  list.take(news(session(2)));
  expect(list.at(0)?.status).toBe("success");
  expect(list.moved).toBe(1);
});

test("a search asks again when sessions changed that it does not know", async () => {
  server.sessions = [session(1)];
  await open(server.source({ matches: () => null }));
  server.sessions = [session(2), session(1)];
  list.take(news(session(2)));
  expect(list.count).toBe(1);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(ids(list)).toEqual(["s2", "s1"]);
});

test("a search that finds nothing for long stops until it is told to go on", async () => {
  let asked = 0;
  await open(
    server.source({
      matches: () => null,
      ask: async () => ({ ok: true, value: { sessions: [], next_cursor: `c${++asked}` } }),
    }),
  );
  list.want(0, 20);
  await settled();
  expect(list.paused).toBe(true);
  expect(asked).toBe(21);
  list.goOn();
  await settled();
  expect(asked).toBe(41);
});

test("an old answer does not undo what came live while it was on its way", async () => {
  server.sessions = [session(1, { status: "active" })];
  list.open(server.source());
  list.take(news(session(1, { status: "error", counts: { ...session(1).counts, events: 7 } }), session(2)));
  await settled();
  expect(ids(list)).toEqual(["s2", "s1"]);
  expect(list.at(1)?.status).toBe("error");
});

test("after a gap what is seen is asked for again", async () => {
  server.sessions = newestFirst(2);
  await open();
  server.sessions = newestFirst(3);
  list.take({ ...news(), gap: true });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(ids(list)).toEqual(["s3", "s2", "s1"]);
});

test("after a gap, further down, rows are set right in their places and new ones counted", async () => {
  server.sessions = newestFirst(2);
  await open();
  list.atTop(false);
  server.sessions = [session(3), session(2, { status: "error" }), session(1)];
  list.take({ ...news(), gap: true });
  await settled();
  expect(ids(list)).toEqual(["s2", "s1"]);
  expect(list.at(0)?.status).toBe("error");
  expect(list.moved).toBe(1);
});

test.each(["a retry", "time"])("a problem is told, and %s asks again", async (by) => {
  const problem = { status: 503, message: "overload" };
  let away = true;
  server.sessions = newestFirst(1);
  const { ask } = server.source();
  await open(
    server.source({
      ask: async (cursor, signal) => (away ? { ok: false, problem } : ask(cursor, signal)),
    }),
  );
  expect(list.problem).toEqual(problem);
  expect(list.loading).toBe(true);
  away = false;
  if (by === "a retry") list.goOn();
  else await vi.advanceTimersByTimeAsync(2_000);
  await settled();
  expect(list.problem).toBeNull();
  expect(list.count).toBe(1);
});
