import { existsSync } from "node:fs";
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
    rolldownOptions: {
      input: ["app.ts", "canvas/main.ts"]
        .map((entry) => resolve(source, entry))
        .filter((entry) => existsSync(entry)),
    },
  },
  test: {
    root: import.meta.dirname,
    include: ["tests/js/**/*.test.ts"],
    environment: "node",
  },
});
