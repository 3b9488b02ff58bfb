import { expect, test } from "vitest";

import type { Session } from "../../api/types";
import { addressOf, matches, parse, textOf, textOfAddress } from "./query";

const nothing = { framework: null, agent: null, host: null, status: [], order: "newest", words: "" };

test("a query is read into filters and free words", () => {
  const text = "framework:codex agent:c1 host:zap status:error,waiting order:attention rename the module";
  const { query, complaints } = parse(text);
  expect(query).toEqual({
    framework: "codex",
    agent: "c1",
    host: "zap",
    status: ["error", "waiting"],
    order: "attention",
    words: "rename the module",
  });
  expect(complaints).toEqual([]);
  expect(textOf(query)).toBe(text);
});

test("words may stand anywhere, and keys in any case", () => {
  const { query } = parse("  failing  Host:zap   build ");
  expect(query).toEqual({ ...nothing, host: "zap", words: "failing build" });
});

test("values with blanks, quotation marks and backslashes come back as they were", () => {
  for (const host of ["my machine", 'say "hi"', "a\\b", "x:y", '"', "a,b"]) {
    const query = { ...nothing, host, status: [], order: "newest" as const };
    expect(parse(textOf(query)), host).toEqual({ query, complaints: [] });
  }
});

test("a key without a value is not finished and filters nothing", () => {
  expect(parse("status: host:")).toEqual({ query: nothing, complaints: [] });
  expect(parse("status:error,")).toEqual({ query: { ...nothing, status: ["error"] }, complaints: [] });
});

test("what makes no sense is told in words, and the rest holds", () => {
  const { query, complaints } = parse("state:error host:zap status:failed,error order:oldest host:orb");
  expect(query).toMatchObject({ host: "orb", status: ["error"], order: "newest" });
  expect(complaints).toEqual([
    "There is no filter “state”. Filters are framework, agent, host, status, order. To search for the words, put them in quotation marks.",
    "There is no status “failed”. Statuses are waiting, error, stale, active, success, aborted, ended.",
    "There is no order “oldest”: newest or attention.",
    "“host” can be given once.",
  ]);
});

test("quoted words with a colon are words", () => {
  expect(parse('"see http://x" y')).toEqual({ query: { ...nothing, words: '"see http://x" y' }, complaints: [] });
});

test("the address holds the query, and what it holds wrongly is told", () => {
  const { query } = parse('agent:"my agent" status:error,stale order:attention lost words');
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(addressOf(query))) if (value !== null) params.set(name, value);
  expect(params.toString()).toBe("client_id=my+agent&status=error%2Cstale&order=attention&q=lost+words");
  expect(parse(textOfAddress(params)).query).toEqual(query);
  expect(parse(textOfAddress(new URLSearchParams("status=broken"))).complaints).toHaveLength(1);
});

test("whether a live session is one of those asked for", () => {
  const session = {
    session_id: "s",
    framework: "codex",
    client_id: "c1",
    host: "zap",
    status: "active",
    first_ts: "2026-03-13T12:00:00.000Z",
  } as Session;
  const bounds = { from: new Date("2026-03-13T11:00:00Z"), to: null };
  const told = (text: string): boolean | null => matches(parse(text).query, bounds, session);
  expect(told("")).toBe(true);
  expect(told("framework:codex agent:c1 host:zap status:active,error")).toBe(true);
  expect(told("framework:openclaw")).toBe(false);
  expect(told("status:error")).toBe(false);
  expect(told("words")).toBeNull();
  expect(told("words status:error")).toBe(false);
  expect(matches(parse("").query, { from: new Date("2026-03-13T12:00:01Z"), to: null }, session)).toBe(false);
  expect(matches(parse("").query, { ...bounds, to: new Date("2026-03-13T12:00:00Z") }, session)).toBe(false);
});
