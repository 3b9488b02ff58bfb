import { defineConfig } from "vitest/config";

/** The built page in a real browser, before a real agentmon with a week of the demo's data: tests/. */
export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    environment: "node",
    globalSetup: "tests/setup.ts",
    // One after the other: each file has a browser of its own, and they share one agentmon.
    pool: "forks",
    poolOptions: { forks: { singleFork: true } },
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
});
