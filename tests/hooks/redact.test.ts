import assert from "node:assert/strict";
import { test } from "node:test";

import { clean, cleanText, label } from "../../hooks/agentmon/emitter/clean.ts";
import { isSecretName, redact } from "../../hooks/agentmon/emitter/redact.ts";
import { harmless, plantedSecrets, withSecrets } from "./secrets.ts";

test("secrets are found in every place where people leave them", () => {
  for (const [where, text] of Object.entries(withSecrets)) {
    const safe = redact(text);
    for (const secret of plantedSecrets) assert.ok(!safe.includes(secret), `${where}: ${safe}`);
  }
});

test("what is no secret is left alone", () => {
  for (const text of harmless) assert.equal(redact(text), text);
});

test("no text takes longer than its length asks for", () => {
  for (const piece of ["a-", "a.b_", "a+", "sk-a-", "token", "token_", "eyJa.", "mysql ", "mysql -", " -u a", "a://", "-----BEGIN ", "password is "]) {
    const start = performance.now();
    redact(piece.repeat(400_000 / piece.length));
    assert.ok(performance.now() - start < 5000, piece); // it takes some 50 ms; by the square of the length, minutes
  }
});

test("names that hold secrets", () => {
  for (const name of ["password", "apiKey", "api_key", "X-Api-Key", "clientSecret", "AWS_SECRET_ACCESS_KEY", "authToken", "Authorization", "cookie", "GITHUB_TOKEN"])
    assert.ok(isSecretName(name), name);
  for (const name of ["author", "key", "keyboard", "tokenizer", "token_count", "max_tokens", "path", "compass"]) assert.ok(!isSecretName(name), name);
});

test("a value under such a name is hidden, a count is not", () => {
  assert.deepEqual(clean({ env: { GITHUB_TOKEN: "abc", HOME: "/root" }, tokens: 12, credentials: { user: "x" } }).value, {
    env: { GITHUB_TOKEN: "[redacted]", HOME: "/root" },
    tokens: 12,
    credentials: "[redacted]",
  });
});

test("a secret on the edge of the cut does not leave its half", () => {
  for (let before = 900; before <= 1010; before += 1) {
    const text = `${"x".repeat(before)} ghp_${"A1b2".repeat(9)} ${"y".repeat(9000)}`;
    assert.ok(!cleanText(text, 1000).value.includes("A1b2A1b2"), String(before));
  }
  const long = `${"word ".repeat(1018)}password=${"Z9".repeat(4000)}`;
  assert.ok(!cleanText(long, 1000).value.includes("Z9"));
});

test("copies are bounded and can be stored", () => {
  const cycle: Record<string, unknown> = { call: () => 1, when: new Date(0), big: 10n, nan: Number.NaN };
  cycle.self = cycle;
  const { value, truncated } = clean(cycle);
  assert.deepEqual(value, { when: "1970-01-01T00:00:00.000Z", big: "10", nan: null, self: null });
  assert.ok(truncated);
  assert.ok(JSON.stringify(clean({ a: "x".repeat(1e6), b: ["y".repeat(1e6)] }).value).length < 40_000);
  assert.equal(cleanText("a\ud83dz\u0000").value, "a\ufffdz\ufffd");
  const faces = cleanText("😀".repeat(20_000)).value;
  assert.equal(Buffer.from(faces).toString(), faces, "no half of a pair");
  assert.equal(label("a\nb"), "a b");
  assert.equal(label(" "), undefined);
});
