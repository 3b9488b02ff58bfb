import uPlot from "uplot";

import { shortCount } from "../words/numbers";
import { type ChartSeries, roundAbove, tickWords } from "./chart";
import { colour } from "./theme.svelte";

/** What Chart.svelte wants of uPlot, in uPlot's words. */
export interface Wishes {
  width: number;
  height: number;
  together: string;
  series: readonly ChartSeries[];
  /** Where the last step ends, in seconds. */
  end: () => number;
  /** The step of a time. */
  index: (seconds: number) => number | null;
  pointed: (index: number | null) => void;
  grabbed: () => void;
  drawn: (plot: uPlot) => void;
  dragged: (plot: uPlot) => void;
  wider: () => void;
}

/** The same on every chart, so that plots above each other line up. Between the plot and the labels below it is a lane
 * for the marks. */
const axisWidth = 44;
const marksHeight = 10;
const axisHeight = 26 + marksHeight;

const scaleOf = (series: ChartSeries, at: number): string => (series.side === "right" ? `right ${at}` : "left");

export function optionsOf(wishes: Wishes): uPlot.Options {
  const { series } = wishes;
  const right = series.findIndex(({ side }) => side === "right");
  return {
    width: wishes.width,
    height: wishes.height,
    legend: { show: false },
    padding: [6, right < 0 ? axisWidth : 0, 0, 0],
    series: [{}, ...series.map(seriesOptions)],
    scales: {
      x: { time: true, range: (_, min) => [min ?? 0, wishes.end()] },
      ...Object.fromEntries(series.map((one, at) => [scaleOf(one, at), { range: fromZero }])),
    },
    axes: [
      {
        stroke: colour("--ink-dim"),
        font: axisFont(),
        size: axisHeight,
        gap: 5 + marksHeight,
        space: 64,
        grid: { show: false },
        ticks: { show: false },
        values: (_, times, __, ___, increment) => tickWords(times, increment),
      },
      sideAxis("left", "left"),
      ...(right < 0 ? [] : [sideAxis(`right ${right}`, "right")]),
    ],
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false },
      sync: { key: wishes.together, setSeries: false, scales: ["x", null] },
      dataIdx: (_, __, ___, seconds) => wishes.index(seconds),
      bind: {
        mousedown: (_, __, handle) => (event) => {
          wishes.grabbed();
          handle(event);
          return null;
        },
        dblclick: () => () => {
          wishes.wider();
          return null;
        },
      },
    },
    hooks: {
      setCursor: [(plot) => wishes.pointed(plot.cursor.idxs?.[1] ?? null)],
      setSelect: [wishes.dragged],
      draw: [wishes.drawn],
    },
  };
}

function seriesOptions(one: ChartSeries, at: number): uPlot.Series {
  const paint = colour(one.colour);
  const { bars, stepped } = uPlot.paths;
  const paths = one.shape === "bars" ? bars?.({ size: [0.8, 24], align: 1 }) : stepped?.({ align: 1 });
  return {
    scale: scaleOf(one, at),
    stroke: paint,
    width: one.shape === "bars" ? 0 : 1.5,
    points: { show: false },
    ...(one.shape === "bars" ? { fill: paint } : {}),
    ...(paths ? { paths } : {}),
  };
}

const fromZero: uPlot.Range.Function = (_, __, max) => [0, roundAbove(max)];

const axisFont = (): string => `11px ${colour("--sans")}`;

function sideAxis(scale: string, side: "left" | "right"): uPlot.Axis {
  return {
    scale,
    side: side === "left" ? 3 : 1,
    stroke: colour("--ink-dim"),
    font: axisFont(),
    size: axisWidth,
    gap: 4,
    space: 28,
    ticks: { show: false },
    grid: side === "left" ? { stroke: colour("--line"), width: 1 } : { show: false },
    // Counts: no tick between whole numbers.
    incrs: wholeIncrements,
    values: (_, values) => values.map((value) => shortCount(value)),
  };
}

const wholeIncrements = Array.from({ length: 15 }, (_, power) => [1, 2, 5].map((lead) => lead * 10 ** power)).flat();
