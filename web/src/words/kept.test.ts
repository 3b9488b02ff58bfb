import { describe, expect, it } from "vitest";

import { known } from "./kept";

describe("what is known of a time", () => {
  const asked = { from: "2026-03-12T12:00:00.000Z", to: "2026-03-13T12:00:00Z" };

  it("is all of it where nothing was dropped, or only what was before", () => {
    expect(known({ ...asked, kept_from: null })).toBe("all");
    expect(known({ ...asked, kept_from: "2026-03-12T12:00:00Z" })).toBe("all");
  });

  it("is some of it, or nothing, where days of it were dropped", () => {
    expect(known({ ...asked, kept_from: "2026-03-13T00:00:00.000Z" })).toBe("some");
    expect(known({ ...asked, kept_from: "2026-03-13T12:00:00.000Z" })).toBe("nothing");
  });
});
