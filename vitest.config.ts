import { existsSync, readdirSync } from "node:fs";
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
  // Tests that compute or start processes share two cores with each other.
  test: { projects, testTimeout: 120_000, hookTimeout: 120_000 },
});
