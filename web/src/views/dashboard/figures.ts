import type { Summary, Usage } from "../../api/types";
import { change, count, counted, money, percent, shortCount, unknown } from "../../words/numbers";

type Figures = NonNullable<Summary["yesterday"]>;

/** One figure of today beside yesterday's. */
export interface Tile {
  name: string;
  value: string;
  /** The exact figure, where the value is shortened. */
  exact: string;
  /** Against yesterday: empty when either is unknown. */
  change: string;
  changeTone: "bad" | "good" | "";
  before: string;
  notes: readonly { text: string; tone: "bad" | "warn" | "" }[];
  path: string;
  params: Record<string, string>;
}

/** Input includes cached tokens, output includes reasoning. Null when nobody told either. */
export function tokensOf({ input_tokens: input, output_tokens: output }: Usage): number | null {
  return input === null && output === null ? null : (input ?? 0) + (output ?? 0);
}

/** "told by 3 of 5 runs": a sum that not all have told is not the whole. */
export function toldBy(known: number, runs: number): string {
  if (runs === 0) return "no run yet";
  if (known === 0) return "no run told it";
  return known >= runs
    ? `told by ${runs > 1 ? "all " : ""}${counted(runs, "run")}`
    : `told by ${count(known)} of ${counted(runs, "run")}`;
}

export function tilesOf(today: Summary): Tile[] {
  const before: Figures | null = today.yesterday;
  const tile = (
    name: string,
    n: number | null,
    old: number | null | undefined,
    more: Partial<Tile> & { say?: (n: number | null | undefined) => string } = {},
  ): Tile => {
    const { say = count, ...rest } = more;
    return {
      name,
      value: say(n),
      exact: say === shortCount ? count(n) : "",
      change: change(n, old, say),
      changeTone: "",
      before: say === shortCount ? count(old) : say(old),
      notes: [],
      path: "/sessions",
      params: {},
      ...rest,
    };
  };
  const errors = tile("Errors", today.errors, before?.errors, {
    notes: [{ text: shareOf(today.errors, today.events, "of the events"), tone: "" }],
    // The reports themselves, in the feed beside.
    path: "/",
    params: { feed: "errors" },
  });
  errors.changeTone = toneOfMore(today.errors, before?.errors);
  return [
    tile("Active now", today.active_sessions, null, {
      notes: [
        { text: `${count(today.waiting_sessions)} waiting`, tone: today.waiting_sessions > 0 ? "warn" : "" },
        {
          text: [`${counted(today.sessions, "session")} today`, change(today.sessions, before?.sessions)]
            .filter((words) => words !== "")
            .join(", "),
          tone: "",
        },
      ],
      params: { status: today.waiting_sessions > 0 ? "active,waiting" : "active" },
    }),
    tile("Runs", today.runs, before?.runs, {
      notes: [{ text: `${count(today.failed_runs)} failed`, tone: today.failed_runs > 0 ? "bad" : "" }],
    }),
    tile("Tool calls", today.tool_calls, before?.tool_calls, {
      notes: today.runs > 0 ? [{ text: `${(today.tool_calls / today.runs).toFixed(1)} a run`, tone: "" }] : [],
    }),
    errors,
    tile("Tokens", tokensOf(today.usage), before && tokensOf(before.usage), {
      say: shortCount,
      notes: [{ text: toldBy(today.usage_known_runs, today.runs), tone: "" }],
    }),
    tile("Cost", today.usage.cost_usd, before?.usage.cost_usd, {
      say: money,
      notes: [{ text: toldBy(today.cost_known_runs, today.runs), tone: "" }],
    }),
  ];
}

function shareOf(part: number, whole: number, words: string): string {
  return whole > 0 ? `${percent(part / whole)} ${words}` : "";
}

function toneOfMore(now: number, before: number | undefined): Tile["changeTone"] {
  if (before === undefined || now === before) return "";
  return now > before ? "bad" : "good";
}

export const measures = ["runs", "tool calls", "errors", "tokens", "cost"] as const;
export type Measure = (typeof measures)[number];

export interface Bar {
  framework: string;
  value: number | null;
  words: string;
  /** Of the largest, for the bar's length. */
  length: number;
  /** Of all that is known. */
  share: string;
}

/** Today by kind of agent, the largest first; those that told nothing last. */
export function barsOf(today: Summary, measure: Measure): Bar[] {
  const of: Record<Measure, (figures: Figures) => number | null> = {
    runs: ({ runs }) => runs,
    "tool calls": ({ tool_calls }) => tool_calls,
    errors: ({ errors }) => errors,
    tokens: ({ usage }) => tokensOf(usage),
    cost: ({ usage }) => usage.cost_usd,
  };
  const say = measure === "cost" ? money : measure === "tokens" ? shortCount : count;
  const values = today.by_framework.map((figures) => ({ framework: figures.framework, value: of[measure](figures) }));
  const all = values.reduce((sum, { value }) => sum + (value ?? 0), 0);
  const largest = Math.max(0, ...values.map(({ value }) => value ?? 0));
  return values
    .sort((a, b) => (b.value ?? -1) - (a.value ?? -1))
    .map(({ framework, value }) => ({
      framework,
      value,
      words: say(value),
      length: largest > 0 ? (value ?? 0) / largest : 0,
      share: value === null ? unknown : all > 0 ? percent(value / all) : "",
    }));
}
