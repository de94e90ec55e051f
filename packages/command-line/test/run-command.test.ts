import { DifftapError } from "@difftap/core";
import { Command } from "commander";
import { expect, test } from "vitest";
import { memoryTerminal, runCommand, showProgress, textTable } from "../src/index.js";
import { withInterrupt } from "../src/interrupt.js";

function program(action: () => void | Promise<void>): Command {
  const root = new Command("demo");
  root.command("go").option("--count <n>", "how many").action(action);
  return root;
}

test("a command that ends well exits 0 and one that throws exits with the error's code", async () => {
  const terminal = memoryTerminal();
  expect(
    await runCommand(
      program(() => undefined),
      ["go"],
      terminal,
    ),
  ).toBe(0);
  const refuse = program(() => {
    throw new DifftapError("DATA_REFUSED", "labels end early", {
      hint: "give as many labels as images",
      cause: new Error("short read"),
    });
  });
  expect(await runCommand(refuse, ["go"], terminal)).toBe(3);
  expect(terminal.written.notes.join("\n")).toMatch(
    /labels end early[\s\S]*give as many labels[\s\S]*short read/,
  );
  expect(terminal.written.data).toBe("");
});

test("unknown options are wrong use and name the nearest one", async () => {
  const terminal = memoryTerminal();
  expect(
    await runCommand(
      program(() => undefined),
      ["go", "--cuont", "3"],
      terminal,
    ),
  ).toBe(2);
  expect(terminal.written.notes.join("\n")).toContain("--count");
  expect(
    await runCommand(
      program(() => undefined),
      ["--help"],
      terminal,
    ),
  ).toBe(0);
});

test("an error that is not ours exits 1 with its stack", async () => {
  const terminal = memoryTerminal();
  const broken = program(() => {
    throw new TypeError("x is not a function");
  });
  expect(await runCommand(broken, ["go"], terminal)).toBe(1);
  expect(terminal.written.notes[0]).toContain("run-command.test");
});

test("progress without a TTY is a line at once, then every five seconds, then at the end", () => {
  const terminal = memoryTerminal();
  let clock = 0;
  const progress = showProgress(terminal, () => clock);
  for (let done = 0; done <= 100; done += 10) {
    progress.report({ task: "features", done, total: 100, unit: "images" });
    clock += 1000;
  }
  progress.report({ task: "features", done: 100, total: 100, unit: "images", message: "skipped a.jpg" });
  progress.end();
  expect(terminal.written.notes).toEqual([
    "features: 0 of 100 images",
    "features: 50 of 100 images",
    "features: 100 of 100 images",
    "features: skipped a.jpg",
    "features: 100 of 100 images",
  ]);
});

test("a task that begins again is shown from its start, with its figure", () => {
  const terminal = memoryTerminal();
  const progress = showProgress(terminal, () => 0);
  for (const done of [0, 1, 2, 0, 1])
    progress.report({ task: "epoch", done, total: 2, unit: "steps", detail: "loss 0.5" });
  expect(terminal.written.notes).toEqual([
    "epoch: 0 of 2 steps, loss 0.5",
    "epoch: 2 of 2 steps, loss 0.5",
    "epoch: 0 of 2 steps, loss 0.5",
  ]);
});

test("the first SIGINT aborts the signal and lets the work finish", async () => {
  const terminal = memoryTerminal();
  const before = process.listenerCount("SIGINT");
  const aborted = await withInterrupt(terminal, async (signal) => {
    process.emit("SIGINT", "SIGINT");
    return signal.aborted;
  });
  expect(aborted).toBe(true);
  expect(process.listenerCount("SIGINT")).toBe(before);
});

test("tables align numbers to the right", () => {
  expect(
    textTable(
      ["block", "top-1"],
      [
        ["b01", "7.5"],
        ["b09", "57.7"],
      ],
    ),
  ).toBe("block  top-1\nb01      7.5\nb09     57.7\n");
});
