import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { contentOf, description, filledStore } from "./stores.js";

const python = process.env.DIFFTAP_PYTHON ?? resolve(import.meta.dirname, "../../../.cache/judge/bin/python");
const missing = existsSync(python) ? "" : ` (skipped: no Python at ${python})`;

const script = `
import json, sys, warnings
warnings.simplefilter("error")
import zarr
root = zarr.open_group(sys.argv[1], mode="r")
arrays = {name: a for name, a in root.members(max_depth=None) if isinstance(a, zarr.Array)}
names = sorted(arrays)
print(json.dumps({
  "names": names,
  "dtypes": {n: str(arrays[n].dtype) for n in names},
  "shapes": {n: list(arrays[n].shape) for n in names},
  "values": {n: arrays[n][:].tolist() for n in names},
  "seed": root.attrs["difftap"]["store"]["request"]["seed"],
}))
`;

describe.skipIf(missing !== "")(`zarr-python${missing}`, () => {
  it.each(["float32", "float16"] as const)("opens a %s store and reads every array", async (dtype) => {
    const { path } = await filledStore({ ...description, dtype });
    const seen = JSON.parse(execFileSync(python, ["-c", script, path], { encoding: "utf8" }));
    const content = contentOf(description, { start: 0, count: description.samples });
    expect(seen.names).toEqual(["clean/b09", "ids", "labels", "t50/b09", "t50/b10", "valid"]);
    expect(seen.dtypes).toMatchObject({ "t50/b09": dtype, labels: "int32", valid: "bool" });
    expect(seen.shapes["t50/b10"]).toEqual([11, 2, 3, 3]);
    expect(seen.seed).toBe(7);
    expect(seen.values.ids).toEqual(content.ids);
    expect(seen.values.labels).toEqual([...content.labels]);
    expect(seen.values.valid).toEqual([...content.valid].map(Boolean));
    for (const { name } of description.arrays) {
      expect(seen.values[name].flat(3)).toEqual([...content.features.get(name)!.data]);
    }
  });

  it("finds a flipped bit by the same checksum", async () => {
    const { path } = await filledStore();
    const { readFileSync, writeFileSync } = await import("node:fs");
    const file = join(path, "labels", "c.1");
    const bytes = readFileSync(file);
    bytes[2]! ^= 1;
    writeFileSync(file, bytes);
    expect(() => execFileSync(python, ["-c", script, path], { stdio: "pipe" })).toThrow(/crc32c/i);
  });
});
