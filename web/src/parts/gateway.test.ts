import { describe, expect, it } from "vitest";

import { addressOf, commandFor } from "./gateway";

const open = { host: null, port: 8080, needs_token: false };

describe("the gateway's address", () => {
  it("is that of the page's machine when it listens everywhere", () => {
    expect(addressOf({ ...open, port: 18080 }, "lab.example")).toEqual({
      url: "http://lab.example:18080",
      known: true,
    });
    expect(addressOf(open, "[::1]").url).toBe("http://[::1]:8080");
  });
  it("is its own when it listens at one", () => {
    expect(addressOf({ ...open, host: "127.0.0.1" }, "lab.example").url).toBe("http://127.0.0.1:8080");
    expect(addressOf({ ...open, host: "fe80::1" }, "lab.example").url).toBe("http://[fe80::1]:8080");
  });
  it("is told to be filled in when nobody knows it", () => {
    expect(addressOf({ ...open, port: null }, "x")).toEqual({ url: "http://GATEWAY:8080", known: false });
    expect(addressOf(null, "x").known).toBe(false);
  });
});

describe("the command", () => {
  it("makes an id and the time in the shell", () => {
    expect(commandFor(open, "here", '{"id": "$ID", "ts": "$NOW"}')).toBe(
      `curl -fsS http://here:8080/v1/events \\\n  -H 'Content-Type: application/json' \\\n  -d ` +
        `'{"id": "'$(cat /proc/sys/kernel/random/uuid)'", "ts": "'$(date -u +%FT%TZ)'"}'`,
    );
  });
  it("leaves a place for a key where one is needed", () => {
    expect(commandFor({ ...open, needs_token: true }, "here", "{}")).toContain("-H 'Authorization: Bearer KEY'");
  });
});
