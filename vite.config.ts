import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

const source = resolve(import.meta.dirname, "static/src");

/**
 * Two entries become two scripts with a style sheet each. The pages find the hashed names in
 * `static/dist/.vite/manifest.json` under the keys `app.ts` and `canvas/main.ts`.
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
      input: [resolve(source, "app.ts"), resolve(source, "canvas/main.ts")],
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
