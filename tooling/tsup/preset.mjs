import { defineConfig } from "tsup";

/**
 * The one way a package of this repository is built: ESM, declarations, source maps, Node 20.
 * Workers and bins are further entries beside `index`.
 */
export const preset = (entry = ["src/index.ts"], options = {}) =>
  defineConfig({
    entry,
    format: "esm",
    target: "node20",
    platform: "node",
    dts: { entry: entry.filter((file) => file.endsWith("index.ts") || file.endsWith("testing.ts")) },
    sourcemap: true,
    clean: true,
    splitting: true,
    ...options,
  });
