import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

const source = resolve(import.meta.dirname, "static/src");

/**
 * Each entry becomes a script with its style sheets. The pages find the hashed names in
 * `static/dist/.vite/manifest.json` under the entries' names, and load what entries share by the browser's own imports.
 */
export default defineConfig({
  root: source,
  base: "/static/dist/",
  publicDir: false,
  build: {
    outDir: resolve(import.meta.dirname, "static/dist"),
    emptyOutDir: true,
    manifest: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      input: [
        "app.ts",
        "board/main.ts",
        "canvas/main.ts",
        "canvas/live/main.ts",
        "kpi/main.ts",
        "worker.ts",
      ].map((entry) => resolve(source, entry)),
      // htmx has an `eval` for a feature that our configuration and policy turn off.
      checks: { eval: false },
    },
  },
  test: {
    root: import.meta.dirname,
    include: ["tests/js/**/*.test.ts"],
    environment: "node",
  },
});
