import { beforeEach, describe, expect, it } from "vitest";

import { address } from "./address.svelte";
import { link, range } from "./range.svelte";
import { viewAt } from "./views";

beforeEach(() => address.go("/", { replace: true }));

describe("the address", () => {
  it("keeps what is not changed and drops what is empty", () => {
    address.go("/sessions?status=error&q=disk");
    address.set({ q: null, host: "zap", framework: "" });
    expect(location.pathname + location.search).toBe("/sessions?status=error&host=zap");
  });

  it("is read again when the user goes back", () => {
    address.go("/agents");
    history.replaceState(null, "", "/openclaw?range=1h");
    dispatchEvent(new PopStateEvent("popstate"));
    expect(address.path).toBe("/openclaw");
    expect(range.window).toBe("1h");
  });
});

describe("the time range", () => {
  it("is the last day when the address does not say, or says nonsense", () => {
    expect(range.query).toEqual({ window: "24h" });
    address.go("/?range=forever");
    expect(range.query).toEqual({ window: "24h" });
    address.go("/?from=2026-03-14T00:00:00Z&to=2026-03-13T00:00:00Z");
    expect(range.query).toEqual({ window: "24h" });
  });

  it("is fixed by two times, until a window is chosen", () => {
    range.choose(new Date("2026-03-13T00:00:00Z"), new Date("2026-03-14T00:00:00Z"));
    expect(range.query).toEqual({ from: "2026-03-13T00:00:00.000Z", to: "2026-03-14T00:00:00.000Z" });
    expect(range.window).toBeNull();
    range.chooseWindow("6h");
    expect(range.query).toEqual({ window: "6h" });
    expect(location.search).toBe("?range=6h");
  });

  it("goes along with links", () => {
    address.go("/?range=7d&span=x");
    expect(link("/sessions", { status: "error", host: null })).toBe("/sessions?range=7d&status=error");
  });
});

describe("views", () => {
  it("are found by their path", () => {
    expect(viewAt("/")?.view.name).toBe("dashboard");
    expect(viewAt("/sessions/")?.view.name).toBe("sessions");
    expect(viewAt("/sessions/a%2Fb%20c")).toMatchObject({ view: { name: "session" }, id: "a/b c" });
    expect(viewAt("/nowhere")).toBeNull();
    expect(viewAt("/sessions/%")).toBeNull();
  });
});
