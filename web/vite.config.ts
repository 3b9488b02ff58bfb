import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const agentmon = process.env["AGENTMON_UI"] ?? "http://localhost:8082";

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: "es2022",
    // The page's Content-Security-Policy allows no data: scripts or styles, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // `npm run dev` shows a running agentmon's data with the sources as they stand.
  server: { proxy: { "/v1": { target: agentmon, ws: true }, "/gateway.json": agentmon } },
  resolve: process.env["VITEST"] ? { conditions: ["browser"] } : {},
  test: { include: ["src/**/*.test.ts"], environment: "jsdom", setupFiles: "tests/older-node.ts" },
});
