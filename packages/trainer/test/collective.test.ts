/** Several processes: which collective is taken, and MPI where it is installed. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { alone, openCollective, shareOf } from "../src/index.js";

const built = join(import.meta.dirname, "../dist/index.js");
const launcher = spawnSync("mpiexec", ["--version"], { encoding: "utf8" });
const isThere = launcher.status === 0 && /hydra|mpich/i.test(launcher.stdout) && existsSync(built);
const note = isThere ? "" : " (skipped: no mpiexec of MPICH, or not built)";

afterEach(() => {
  delete process.env.DIFFTAP_MPI;
});

describe("without company", () => {
  test("a process is alone, whatever is asked of it", async () => {
    const collective = await openCollective("auto", {});
    expect(collective).toBe(alone);
    expect(await openCollective("none", { PMI_SIZE: "4" })).toBe(alone);
    const values = Float32Array.of(1, 2);
    collective.allReduce(values);
    collective.broadcast(new Uint8Array(values.buffer));
    collective.barrier();
    expect([...values]).toEqual([1, 2]);
  });

  test.each([
    ["mpi", {}],
    ["auto", { PMI_SIZE: "2" }],
  ] as const)("%s, %j: a library that is not there is named", async (kind, environment) => {
    process.env.DIFFTAP_MPI = "/nowhere/libmpi.so";
    await expect(openCollective(kind, environment)).rejects.toMatchObject({
      code: "ENGINE_MISSING",
      message: expect.stringContaining("/nowhere/libmpi.so"),
      hint: expect.stringContaining("mpich"),
    });
  });
});

test("a batch is divided evenly or not at all", () => {
  const two = { ...alone, size: 2 };
  expect([shareOf(32, alone, 1), shareOf(32, two, 4)]).toEqual([32, 4]);
  expect(() => shareOf(30, two, 4)).toThrow(/batch 30 cannot be divided among 2 ranks in 4 parts each/);
});

test.skipIf(!isThere)(`three ranks sum, share and wait${note}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "trainer-mpi-"));
  const program = join(folder, "program.mjs");
  writeFileSync(
    program,
    `import { openCollective } from ${JSON.stringify(pathToFileURL(built).href)};
const collective = await openCollective("auto");
const values = Float32Array.of(collective.rank + 1, 0.5);
collective.allReduce(values);
const bytes = Uint8Array.of(collective.rank + 7, 2);
collective.broadcast(bytes);
collective.barrier();
process.stdout.write(JSON.stringify([collective.rank, collective.size, [...values], [...bytes]]) + "\\n");
collective.close();`,
  );
  const { status, stdout, stderr } = spawnSync("mpiexec", ["-n", "3", process.execPath, program], {
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
  const said = stdout
    .trim()
    .split("\n")
    .sort()
    .map((line) => JSON.parse(line));
  expect(said).toEqual([0, 1, 2].map((rank) => [rank, 3, [6, 1.5], [7, 2]]));
  rmSync(folder, { recursive: true });
});
