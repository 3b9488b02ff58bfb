import { describe, expect, it } from "vitest";

import type { Vm } from "../../api/types";
import { conditionOf, intervalOf, isSilent, machineOf, share } from "./machine";

const vm = (changes: Partial<Vm> = {}): Vm => ({
  name: "zap",
  state: "running",
  verdict: null,
  since: "2026-03-13T10:00:00.000Z",
  issues: [],
  ts: "2026-03-13T12:00:00.000Z",
  event_id: "0195a4c2-0000-7abc-8def-000000000003",
  snapshot: { cpu_percent: 12, gateway: { up: true, version: "2026.9.4" } },
  ...changes,
});

describe("a snapshot", () => {
  it("tells what it tells, and the rest is unknown", () => {
    const machine = machineOf(vm());
    expect(machine).toMatchObject({ cpuPercent: 12, memoryUsed: null, gateway: { up: true, version: "2026.9.4" } });
  });
  it("is not believed in figures that are none", () => {
    const machine = machineOf(
      vm({ snapshot: { cpu_percent: "90", memory_used_bytes: -1, uptime_seconds: {}, gateway: "up" } }),
    );
    expect(machine).toMatchObject({ cpuPercent: null, memoryUsed: null, uptimeSeconds: null });
    expect(machine.gateway).toEqual({ up: null, version: null });
  });
  it("says why a figure is unknown", () => {
    const told = { cpu_percent: null, unknown: { cpu_percent: "this is the first reading", load1: 7 } };
    expect(machineOf(vm({ snapshot: told })).reasons).toEqual({ cpu_percent: "this is the first reading" });
    expect(machineOf(vm({ snapshot: { unknown: "all" } })).reasons).toEqual({});
  });
  it("has issues in words, whatever they are", () => {
    const issues = ["disk is full", { message: "no answer" }, 7, null, { a: 1 }, "x".repeat(1000)];
    const words = machineOf(vm({ issues })).issues;
    expect(words.slice(0, 4)).toEqual(["disk is full", "no answer", "7", '{"a":1}']);
    expect(words[4]?.length).toBeLessThan(320);
  });
});

describe("a machine", () => {
  it("fails by its issues, its gateway or its crash, and not when it is off", () => {
    const down = { gateway: { up: false } };
    expect(conditionOf(machineOf(vm()), false)).toBe("running");
    expect(conditionOf(machineOf(vm({ issues: ["disk"] })), true)).toBe("failing");
    expect(conditionOf(machineOf(vm({ snapshot: down })), false)).toBe("failing");
    expect(conditionOf(machineOf(vm({ state: "paused", snapshot: down })), false)).toBe("off");
    expect(conditionOf(machineOf(vm({ state: "crashed" })), false)).toBe("failing");
  });
  it("is what its sender makes of it, when it says so", () => {
    const judged = (verdict: Vm["verdict"], changes: Partial<Vm> = {}, silent = false): string =>
      conditionOf(machineOf(vm({ verdict, ...changes })), silent);
    expect(judged("healthy", { issues: ["a note"] })).toBe("running");
    expect(judged("healthy", {}, true)).toBe("silent");
    expect(judged("unknown")).toBe("unclear");
    expect(judged("degraded", {}, true)).toBe("failing");
    expect(judged("down", { state: "unreachable" })).toBe("failing");
    expect(judged("down", { state: "shut off" })).toBe("off");
  });
  it("is not called healthy when it is silent or says nothing we know", () => {
    expect(conditionOf(machineOf(vm()), true)).toBe("silent");
    expect(conditionOf(machineOf(vm({ state: "unknown" })), false)).toBe("unclear");
  });
  it("is silent after two minutes, or after three of its intervals when these are longer", () => {
    const read = "2026-03-13T12:00:00.000Z";
    const after = (seconds: number): number => Date.parse(read) + seconds * 1000;
    expect(isSilent(read, after(119), null)).toBe(false);
    expect(isSilent(read, after(121), 30_000)).toBe(true);
    expect(isSilent(read, after(800), 300_000)).toBe(false);
    expect(isSilent(read, after(901), 300_000)).toBe(true);
  });
});

it("finds the usual distance, whatever gap there was", () => {
  expect(intervalOf([])).toBe(null);
  expect(intervalOf([5])).toBe(null);
  expect(intervalOf([0, 30, 60, 90, 10_000, 10_030])).toBe(30);
});

it("knows no share of nothing", () => {
  expect(share(1, 4)).toBe(0.25);
  expect(share(1, 0)).toBe(null);
  expect(share(null, 4)).toBe(null);
});
