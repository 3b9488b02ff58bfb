import type { Usage } from "../api/types";
import { count, counted } from "./numbers";

/** All tokens that went in and came out; null when neither is known. Input includes what came from a cache. */
export function tokens(usage: Usage): number | null {
  if (usage.input_tokens === null && usage.output_tokens === null) return null;
  return (usage.input_tokens ?? 0) + (usage.output_tokens ?? 0);
}

/** What is known of how many, for a title: "n of m runs told it". */
export function coverage(known: number, all: number): string {
  return `${count(known)} of ${counted(all, "run")} told it`;
}
