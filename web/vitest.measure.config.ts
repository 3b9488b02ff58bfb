import { defineConfig } from "vitest/config";

/** How fast the built page is with a million stored events (docs/dashboard.md): tests/measure/. */
export default defineConfig({
  test: {
    include: ["tests/measure/*.measure.ts"],
    environment: "node",
    globalSetup: "tests/measure/setup.ts",
    pool: "forks",
    poolOptions: { forks: { singleFork: true } },
    testTimeout: 150_000,
    hookTimeout: 600_000,
    disableConsoleIntercept: true,
  },
});
