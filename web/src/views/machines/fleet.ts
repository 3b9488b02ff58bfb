import { counted } from "../../words/numbers";
import { type Condition, conditions } from "./machine";

const words: Record<Condition, string> = {
  failing: "with issues",
  silent: "silent",
  unclear: "in an unknown state",
  running: "running",
  off: "off",
};

/** "3 machines: 1 with issues, 2 running" */
export function fleetWords(all: readonly Condition[]): string {
  const parts = conditions
    .map((condition) => ({ condition, count: all.filter((each) => each === condition).length }))
    .filter(({ count }) => count > 0)
    .map(({ condition, count }) => `${count} ${words[condition]}`);
  return `${counted(all.length, "machine")}: ${parts.join(", ")}`;
}
