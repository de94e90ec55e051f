import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Command } from "commander";
import { expect, test } from "vitest";
import { z } from "zod";
import {
  addCommand,
  finiteNumber,
  flag,
  memoryTerminal,
  option,
  runCommand,
  wholeNumber,
  wholeNumbers,
  words,
} from "../src/index.js";

const presets = mkdtempSync(join(tmpdir(), "difftap-presets-"));
writeFileSync(join(presets, "cifar10.yaml"), "# a comment\nblocks: 1-3,9\nl2: 0.003\n");

function run(...argv: string[]) {
  const terminal = memoryTerminal();
  const program = new Command("difftap-eval");
  const seen: unknown[] = [];
  addCommand(
    program,
    {
      name: "grid",
      about: "reads every block",
      example: "difftap-eval grid --blocks 1-9",
      presets: pathToFileURL(`${presets}/`),
      options: {
        blocks: option("<list>", "which blocks", wholeNumbers().default([1])),
        l2: option("<number>", "strength", finiteNumber(0).default(0.1)),
        seed: option("<n>", "seed", wholeNumber().default(1)),
        tags: option("<words>", "tags", words().optional()),
        optimizer: option("<json>", "how it learns", z.object({ kind: z.string() }).default({ kind: "sgd" })),
        dryRun: flag("only say what would be done"),
      },
      run: async (settings, { json, commandLine }) => {
        seen.push({ ...settings, json, commandLine });
      },
    },
    terminal,
  );
  return runCommand(program, argv, terminal).then((code) => ({ code, seen, ...terminal.written }));
}

test("flags are parsed to their types, presets fill in, flags win", async () => {
  const { code, seen, notes } = await run(
    "grid",
    "--preset",
    "cifar10",
    "--l2",
    "1e-4",
    "--dry-run",
    "--tags",
    "a, b",
    "--json",
  );
  expect(notes.join("\n")).toContain("l2: 0.0001");
  expect(code).toBe(0);
  expect(seen).toEqual([
    {
      blocks: [1, 2, 3, 9],
      l2: 1e-4,
      seed: 1,
      tags: ["a", "b"],
      optimizer: { kind: "sgd" },
      dryRun: true,
      json: true,
      commandLine: "difftap-eval grid --preset cifar10 --l2 1e-4 --dry-run --tags 'a, b' --json",
    },
  ]);
});

test.each([
  [["--seed", "1.5"], "whole number"],
  [["--l2", "-1"], "--l2"],
  [["--l2", "much"], "takes a number"],
  [["--blocks", "3-1"], "backwards"],
  [["--blocks", "x"], "neither"],
  [["--preset", "cifar"], 'did you mean "cifar10"'],
])("wrong value %j is refused and explained", async (argv, text) => {
  const { code, notes, seen } = await run("grid", ...argv);
  expect(code).toBe(2);
  expect(seen).toEqual([]);
  expect(notes.join("\n")).toContain(text);
});

test("--help starts with the example and lists presets and defaults", async () => {
  const { code, data } = await run("grid", "--help");
  expect(code).toBe(0);
  expect(data.startsWith("Example:\n  difftap-eval grid --blocks 1-9")).toBe(true);
  expect(data).toContain("cifar10");
  expect(data).toContain("(default: 0.1)");
  expect(data).toContain('(default: {"kind":"sgd"})');
});

test("numbers also come typed from YAML", () => {
  expect(wholeNumbers().parse([3, 4])).toEqual([3, 4]);
  expect(wholeNumbers().parse(7)).toEqual([7]);
  expect(z.object({ a: wholeNumber(1) }).safeParse({ a: 0 }).success).toBe(false);
});
