/** Two processes over MPI against one with the joint batch, where MPI is installed. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { pretrainingFiles } from "../src/checkpoints.js";
import { isBuilt, programIn } from "./program.js";

const launcher = spawnSync("mpiexec", ["--version"], { encoding: "utf8" });
const isThere = launcher.status === 0 && /hydra|mpich/i.test(launcher.stdout);
const note = isThere && isBuilt ? "" : ` (skipped: ${isBuilt ? "no mpiexec of MPICH" : "not built"})`;

function run(command: string, argv: readonly string[]) {
  const { status, stderr } = spawnSync(command, argv, { encoding: "utf8", timeout: 150_000 });
  expect(status, stderr).toBe(0);
}

test.skipIf(note !== "")(
  `two ranks end within 1e-5 of one with the joint batch${note}`,
  async () => {
    const root = mkdtempSync(join(tmpdir(), "pretraining-ranks-"));
    const argumentsOf = programIn(root);
    const [one, two] = [join(root, "one"), join(root, "two")];
    run(process.execPath, argumentsOf(one, 6, "onnxruntime"));
    run("mpiexec", ["-n", "2", process.execPath, ...argumentsOf(two, 6, "onnxruntime")]);
    const [expected, found] = await Promise.all(
      [one, two].map(async (folder) => (await pretrainingFiles.latest(join(folder, "checkpoints")))!),
    );
    expect(found!.state).toMatchObject({ step: 30, recipe: expected!.state.recipe });
    const given = new Map(found!.tensors);
    for (const [name, { data }] of expected!.tensors) {
      const [want, have] = [data as Float32Array, given.get(name)!.data as Float32Array];
      const largest = want.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const worst = want.reduce((most, value, i) => Math.max(most, Math.abs(value - have[i]!)), 0);
      expect(worst / largest, name).toBeLessThan(1e-5);
    }
    rmSync(root, { recursive: true });
  },
  300_000,
);
