import { describe, expect, it } from "vitest";

import { bytes, change, count, money, percent, shortCount } from "./numbers";

describe("figures", () => {
  it("says unknown for what nobody told, and 0 for 0", () => {
    for (const say of [count, shortCount, money, percent, bytes]) {
      expect(say(null)).toBe("unknown");
      expect(say(undefined)).toBe("unknown");
    }
    expect(count(0)).toBe("0");
    expect(money(0)).toBe("$0.00");
    expect(percent(0)).toBe("0 %");
  });

  it("keeps small costs visible", () => {
    expect(money(0.0012)).toBe("$0.0012");
    expect(money(1234.5)).toBe("$1,234.50");
  });

  it("rounds percentages so that a little is not nothing", () => {
    expect(percent(0.0004)).toBe("0.040 %");
    expect(percent(0.034)).toBe("3.4 %");
    expect(percent(0.5)).toBe("50 %");
    expect(percent(1)).toBe("100 %");
  });

  it("counts bytes in powers of 1024", () => {
    expect(bytes(1023)).toBe("1023 B");
    expect(bytes(1536)).toBe("1.5 KiB");
    expect(bytes(3.5 * 2 ** 40)).toBe("3.5 TiB");
  });

  it("tells a change only when both sides are known", () => {
    expect(change(5, 3)).toBe("+2");
    expect(change(3, 5)).toBe("\u22122");
    expect(change(3, 3)).toBe("as before");
    expect(change(3, null)).toBe("");
    expect(change(null, 3)).toBe("");
  });
});
