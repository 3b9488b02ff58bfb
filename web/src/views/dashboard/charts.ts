import type { Envelope, Mark, Point } from "../../api/types";
import type { ChartMark, ChartSeries } from "../../parts/chart";
import { count, shortCount } from "../../words/numbers";
import { localTime } from "../../words/times";
import { eventWords } from "./eventWords";

/** So many of the latest error reports are marked; the bars count all. */
export const errorsMarked = 100;

export interface ChartOf {
  title: string;
  series: ChartSeries[];
}

/** The sum of what is known; null when nothing is. */
export function sumOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

function seriesOf(
  points: readonly Point[],
  field: Exclude<keyof Point, "ts">,
  look: Pick<ChartSeries, "label" | "colour"> & Partial<ChartSeries>,
): ChartSeries {
  const values = points.map((point) => point[field]);
  return { values, shape: "bars", say: count, total: shortCount(sumOf(values)), ...look };
}

export function chartsOf(points: readonly Point[]): ChartOf[] {
  return [
    { title: "Events", series: [seriesOf(points, "events", { label: "in all", colour: "--other" })] },
    { title: "Errors", series: [seriesOf(points, "errors", { label: "in all", colour: "--bad" })] },
    {
      title: "Runs",
      series: [
        seriesOf(points, "runs", { label: "began", colour: "--tool" }),
        seriesOf(points, "failed_runs", { label: "failed", colour: "--bad" }),
      ],
    },
    {
      title: "Tokens",
      series: [
        seriesOf(points, "input_tokens", { label: "in", colour: "--model" }),
        seriesOf(points, "output_tokens", { label: "out", colour: "--subagent", shape: "steps", side: "right" }),
      ],
    },
  ];
}

export function machineMarks(marks: readonly Mark[]): ChartMark[] {
  return marks.map(({ ts, name, message }) => ({
    at: Date.parse(ts) / 1000,
    tone: "warn",
    words: `${localTime(ts)} ${message.includes(name) ? message : `${name}: ${message}`}`,
  }));
}

export function errorMarks(events: readonly Envelope[]): ChartMark[] {
  return events.map((event) => {
    const { source, ts } = event.event;
    const { what, detail } = eventWords(event);
    const who = source.client_id ?? source.host ?? source.framework;
    return { at: Date.parse(ts) / 1000, tone: "bad", words: `${localTime(ts)} ${who}: ${what} ${detail}`.trim() };
  });
}
