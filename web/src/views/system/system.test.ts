import { expect, test } from "vitest";

import type { Actor, SystemNode } from "../../api/types";
import { branches, concernsOf, failuresOf, flowOf, restartIsNews, systemWords } from "./system";

const start = "2026-03-13T08:00:00.000Z";
const noon = Date.parse("2026-03-13T12:00:00.000Z");
const ago = (ms: number): string => new Date(noon - ms).toISOString();

const actor = (name: string, above: string, more: Partial<Actor> = {}): Actor => ({
  name,
  above,
  state: "up",
  since: start,
  restarts: 0,
  messages: 1,
  mailbox: 0,
  messages_per_second: null,
  last_error: null,
  failures: [],
  ...more,
});
type Report = NonNullable<SystemNode["report"]>;
const noLag: Report["lag"] = {
  accepted: null,
  taken_over: null,
  accepted_per_second: null,
  in_flight_bytes: null,
  journal_bytes: null,
  journal_events: null,
  stored: null,
  stored_per_second: null,
  processing_bytes: null,
  viewers: null,
  bus: null,
};
const node = (name: string, more: Partial<SystemNode> & { actors?: Actor[]; lag?: Partial<Report["lag"]> } = {}) => {
  const { actors = [], lag = {}, ...rest } = more;
  const made: SystemNode = {
    name,
    roles: ["ingest"],
    version: "0.1.0",
    address: null,
    heard: start,
    state: "alive",
    since: start,
    load: null,
    report: { checks: [], actors, lag: { ...noLag, ...lag } },
    ...rest,
  };
  return made;
};

test("the tree is in path order, pools are told together, and a machine's poller stands below its fleet", () => {
  const tree = branches([
    actor("reader-1", "query", { mailbox: 1, messages_per_second: 2 }),
    actor("reader-2", "query", { mailbox: 2, messages_per_second: 3, state: "stuck", restarts: 4 }),
    actor("fleet", "monitor"),
    actor("poller-web-1", "fleet"),
    actor("poller-web-2", "fleet"),
    actor("journal", "ingest"),
    actor("gate", "ingest"),
  ]);
  expect(tree.map(({ name, groups }) => [name, groups.map((group) => [group.name, group.depth])])).toEqual([
    [
      "ingest",
      [
        ["gate", 0],
        ["journal", 0],
      ],
    ],
    ["query", [["reader", 0]]],
    [
      "monitor",
      [
        ["fleet", 0],
        ["poller-web-2", 1],
        ["poller-web-1", 1],
      ],
    ],
  ]);
  const [readers] = tree[1]!.groups;
  expect(readers).toMatchObject({ state: "stuck", mailbox: 3, rate: 5, restarts: 4 });
  expect(readers!.actors.map(({ name }) => name)).toEqual(["reader-1", "reader-2"]);
});

test("what one of a pool does not tell is unknown of the pool, not 0", () => {
  const [branch] = branches([
    actor("reader-1", "query", { mailbox: 7 }),
    actor("reader-2", "query", { mailbox: null }),
  ]);
  expect(branch!.groups[0]!.mailbox).toBeNull();
});

test("a system without a concern has none", () => {
  const well = [node("a", { actors: [actor("gate", "ingest")] }), node("b", { state: "stopped", report: null })];
  expect(concernsOf(well, noon)).toEqual([]);
  expect(systemWords(well)).toBe("1 of 2 nodes alive, 1 actor at work");
});

test("nodes that are away, dependencies and actors are told, the worst first", () => {
  const check = { name: "nats", state: "away" as const, since: start, message: "refused" };
  const here = node("a", {
    actors: [
      actor("gate", "ingest", { state: "restarting", failures: [{ at: ago(1000), reason: "it crashed" }] }),
      actor("puller", "processor", { state: "stuck" }),
    ],
  });
  here.report!.checks.push(check);
  const concerns = concernsOf([here, node("b", { state: "away", report: null }), node("c", { report: null })], noon);
  expect(concerns.map(({ state, what, why, node: where }) => [state, what, why, where])).toEqual([
    ["away", "nats", "refused", "a"],
    ["stuck", "puller", "it handles nothing, and messages wait", "a"],
    ["away", "b", "other nodes do not reach it", "b"],
    ["restarting", "gate", "it crashed", "a"],
    ["silent", "c", "it does not say how it is", "c"],
  ]);
});

test("a restart is worth a word for a while", () => {
  const restarted = (ms: number): SystemNode[] => [
    node("a", { actors: [actor("gate", "ingest", { failures: [{ at: ago(ms), reason: "asked for" }] })] }),
  ];
  expect(concernsOf(restarted(restartIsNews - 1), noon).map(({ state }) => state)).toEqual(["restarted"]);
  expect(concernsOf(restarted(restartIsNews + 1), noon)).toEqual([]);
});

test("failures are told newest first, and a pool's complaint once", () => {
  const said = { at: ago(1000), reason: "PostgreSQL is away" };
  const all = failuresOf([
    node("a", {
      actors: [
        actor("reader-1", "query", { last_error: said }),
        actor("reader-2", "query", { last_error: said }),
        actor("gate", "ingest", {
          failures: [{ at: ago(5000), reason: "it crashed" }],
          last_error: { at: ago(5000), reason: "it crashed" },
        }),
      ],
    }),
  ]);
  expect(all.map(({ actor: who, reason, ended }) => [who, reason, ended])).toEqual([
    ["reader", "PostgreSQL is away", false],
    ["gate", "it crashed", true],
  ]);
});

test("what is on its way is of all nodes; the stream is counted once, and what nobody tells is unknown", () => {
  const bus = (at: string, messages: number) => ({ at, messages, bytes: 10, undelivered: 0, unacknowledged: 0 });
  const flow = flowOf([
    node("a", { lag: { journal_events: 30, accepted_per_second: 4 } }),
    node("b", { lag: { stored_per_second: 5, bus: bus(ago(3000), 9) } }),
    node("c", { lag: { stored_per_second: 5, journal_events: 20, bus: bus(ago(1000), 7) } }),
    node("d", { report: null }),
  ]);
  expect(flow).toMatchObject({ accepted: 4, journalEvents: 50, stored: 10, behind: 5, viewers: null });
  expect(flow.bus?.messages).toBe(7);
  expect(flowOf([node("a", { lag: { journal_events: 3, stored_per_second: 0 } })]).behind).toBeNull();
});
