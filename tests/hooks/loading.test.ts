import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

/* OpenClaw loads the files as they are: its Node takes the types out and looks for nothing else than what is written. */

test("every import of a hook names a file with its extension, or a part of Node", () => {
  const folder = "hooks/agentmon";
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  assert.ok(files.length > 20);
  for (const file of files)
    for (const [, from = ""] of readFileSync(join(folder, file), "utf8").matchAll(/\bfrom "([^"]+)"/g))
      assert.match(from, /^(\.{1,2}\/.+\.ts|node:.+)$/, `${file} imports ${from}`);
});
