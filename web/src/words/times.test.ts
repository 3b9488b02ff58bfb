import { describe, expect, it } from "vitest";

import { ago, duration, localTime, spanWords, utcTime } from "./times";

describe("durations", () => {
  it.each([
    [null, "unknown"],
    [0.25, "0.25 ms"],
    [999.4, "999 ms"],
    [999.6, "1.0 s"],
    [9_960, "10 s"],
    [59_600, "1 min"],
    [125_000, "2 min 5 s"],
    [3_599_600, "1 h"],
    [86_340_000 + 59_000, "1 d"],
    [187_200_000, "2 d 4 h"],
  ])("%s ms is %s", (ms, words) => {
    expect(duration(ms)).toBe(words);
  });
});

describe("times", () => {
  const at = new Date(2026, 2, 13, 14, 3, 27);

  it("leaves the day out when it is today", () => {
    expect(localTime(at, new Date(2026, 2, 13, 23))).toBe("14:03:27");
    expect(localTime(at, new Date(2026, 2, 14, 1))).toBe("2026-03-13 14:03:27");
  });

  it("gives UTC with milliseconds", () => {
    expect(utcTime("2026-03-13T14:03:27.123456Z")).toBe("2026-03-13 14:03:27.123 UTC");
  });

  it("says unknown for what is no time", () => {
    expect(localTime("soon")).toBe("unknown");
    expect(utcTime(null)).toBe("unknown");
    expect(ago(undefined)).toBe("unknown");
  });

  it("says spans of time as short as they are clear", () => {
    const from = new Date(2026, 10, 22, 9);
    const now = new Date(2026, 10, 23);
    expect(spanWords(from, new Date(2026, 10, 22, 14, 30), now)).toBe("Nov 22, 09:00 – 14:30");
    expect(spanWords(from, new Date(2026, 10, 23), now)).toBe("Nov 22, 09:00 – Nov 23, 00:00");
    expect(spanWords(from, new Date(2026, 10, 23), new Date(2027, 1, 1))).toBe("2026 Nov 22, 09:00 – Nov 23, 00:00");
  });

  it("counts from now, both ways", () => {
    expect(ago(at, at.getTime() + 400)).toBe("just now");
    expect(ago(at, at.getTime() + 1_900)).toBe("1 s ago");
    expect(ago(at, at.getTime() + 61_500)).toBe("1 min 1 s ago");
    expect(ago(at, at.getTime() - 3_000)).toBe("in 3 s");
  });
});
