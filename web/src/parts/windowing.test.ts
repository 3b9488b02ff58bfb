import { expect, test } from "vitest";

import { rowAfterKey, scrollTo, visibleRows } from "./windowing";

test("only what is seen, and a little around it, is drawn", () => {
  expect(visibleRows(0, 320, 32, 100_000)).toEqual({ first: 0, end: 18 });
  expect(visibleRows(1_600_000, 320, 32, 100_000)).toEqual({ first: 49_992, end: 50_018 });
  expect(visibleRows(3_199_680, 320, 32, 100_000)).toEqual({ first: 99_982, end: 100_000 });
  expect(visibleRows(0, 320, 32, 0)).toEqual({ first: 0, end: 0 });
});

test("a list that became shorter than where it was scrolled to shows its end", () => {
  expect(visibleRows(5_000, 320, 32, 10)).toEqual({ first: 2, end: 10 });
});

test("the chosen row is scrolled into the picture by the shortest way", () => {
  expect(scrollTo(3, 0, 320, 32)).toBe(0);
  expect(scrollTo(10, 0, 320, 32)).toBe(32);
  expect(scrollTo(2, 320, 320, 32)).toBe(64);
});

test("keys lead from row to row and not beyond the list", () => {
  expect(rowAfterKey("ArrowDown", -1, 3, 10)).toBe(0);
  expect(rowAfterKey("ArrowDown", 2, 3, 10)).toBe(2);
  expect(rowAfterKey("ArrowUp", 0, 3, 10)).toBe(0);
  expect(rowAfterKey("PageDown", 5, 100, 10)).toBe(15);
  expect(rowAfterKey("PageUp", 5, 100, 10)).toBe(0);
  expect(rowAfterKey("Home", 5, 100, 10)).toBe(0);
  expect(rowAfterKey("End", 5, 100, 10)).toBe(99);
  expect(rowAfterKey("x", 5, 100, 10)).toBeNull();
  expect(rowAfterKey("ArrowDown", -1, 0, 10)).toBeNull();
});
