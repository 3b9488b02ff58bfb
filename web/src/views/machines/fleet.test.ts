import { expect, it } from "vitest";

import { fleetWords } from "./fleet";

it("says the worst first and nothing that is not there", () => {
  expect(fleetWords(["running", "failing", "running"])).toBe("3 machines: 1 with issues, 2 running");
  expect(fleetWords(["off"])).toBe("1 machine: 1 off");
});
