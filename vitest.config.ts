import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Every package and app is a project of its own, under its package name. */
const projects = ["packages", "apps"].flatMap((group) =>
  readdirSync(new URL(group, import.meta.url))
    .filter((folder) => existsSync(new URL(`${group}/${folder}/test`, import.meta.url)))
    .map((folder) => ({
      extends: true as const,
      root: fileURLToPath(new URL(`${group}/${folder}`, import.meta.url)),
      test: { name: `@difftap/${folder}` },
    })),
);

export default defineConfig({
  // Vitest leaves a core to itself; it needs none, and on two cores that would halve the work. Tests that compute or start processes share
  // the cores with each other, so they are given time.
  test: {
    projects,
    maxWorkers: availableParallelism(),
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
