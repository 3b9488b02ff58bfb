import { expect, it } from "vitest";

import { nearest, sparkOf } from "./spark";

const box = { width: 100, height: 20, from: 0, to: 100, top: 100, longestStep: 25 };

it("goes from left to right, the top at the top", () => {
  const spark = sparkOf([0, 20, 40], [0, 50, 100], box);
  expect(spark.line).toBe("M0.0 20.0L20.0 10.0L40.0 0.0");
  expect(spark).toMatchObject({ lowest: 0, highest: 100 });
});
it("does not join what is unknown or far apart", () => {
  expect(sparkOf([0, 10, 20], [50, null, 50], box).line).toBe("M0.0 10.0h1M20.0 10.0h1");
  expect(sparkOf([0, 20, 60, 80], [50, 50, 50, 50], box).line.match(/M/g)).toHaveLength(2);
});
it("scales to the highest value when there is no other top, and stays in its box", () => {
  expect(sparkOf([0, 20], [5, 10], { ...box, top: null }).line).toBe("M0.0 10.0L20.0 0.0");
  expect(sparkOf([0, 20], [0, 0], { ...box, top: null }).line).toBe("M0.0 20.0L20.0 20.0");
  expect(sparkOf([0, 20], [50, 250], box).line).toBe("M0.0 10.0L20.0 0.0");
});
it("is empty without a value", () => {
  expect(sparkOf([0], [null], box)).toEqual({ line: "", area: "", lowest: null, highest: null });
});
it("finds the nearest time", () => {
  expect(nearest([0, 10, 20], 14)).toBe(1);
  expect(nearest([], 14)).toBe(null);
});
