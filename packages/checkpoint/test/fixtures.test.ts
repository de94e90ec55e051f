/** Files that PyTorch wrote, and hostile or broken ones: `../shared/fixtures/checkpoints`. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { bytesOf, isDifftapError } from "@difftap/core";
import { describe, expect, it } from "vitest";
import { openWeights } from "../src/index.js";

const fixtures = process.env.DIFFTAP_FIXTURES ?? resolve(import.meta.dirname, "../../../../shared/fixtures");
const folder = resolve(fixtures, "checkpoints");
const missing = !existsSync(folder);
const described = missing ? " (skipped: DIFFTAP_FIXTURES is not there)" : "";

type Expected = Record<string, Record<string, { shape: number[]; dtype: string }>>;
const expected: Expected = missing ? {} : JSON.parse(readFileSync(resolve(folder, "expected.json"), "utf8"));

describe.skipIf(missing)(`checkpoints that PyTorch wrote${described}`, () => {
  it.each(Object.keys(expected))("%s: names, shapes, dtypes and bits", async (name) => {
    const reference = await openWeights(resolve(folder, "expected.safetensors"));
    const weights = await openWeights(resolve(folder, `${name}.pt`));
    const tensors = expected[name] ?? {};
    expect([...weights.tensors.keys()].sort()).toEqual(Object.keys(tensors).sort());
    for (const [tensor, { shape, dtype }] of Object.entries(tensors)) {
      const array = await weights.read(tensor);
      expect(weights.tensors.get(tensor)).toEqual({ name: tensor, shape, dtype });
      expect({ dtype: array.dtype, shape: array.shape }).toEqual({ dtype, shape });
      if (shape.includes(0)) expect(array.data.length).toBe(0);
      else
        expect(Buffer.from(bytesOf(array)).equals(bytesOf(await reference.read(`${name}/${tensor}`)))).toBe(
          true,
        );
    }
    await Promise.all([weights.close(), reference.close()]);
  });
});

const refused = missing ? [] : readdirSync(resolve(folder, "refuse"));
const reasons: Record<string, RegExp> = {
  "billion-laughs.pt": /30 values left on the stack/,
  "builtins-eval.pt": /"__builtin__\.eval"/,
  "empty.pt": /is empty \(0 bytes\)/,
  "huge-header.safetensors": /header of 4611686018427387904 bytes is over the format's limit of 100000000/,
  "missing-pickle.pt": /data\.pkl is empty/,
  "not-a-checkpoint.pt": /begins like a web page/,
  "os-system.pt": /"posix\.system".*nothing was run/,
  "overflowing-shape.safetensors": /shape \[1099511627776, 1048576\] overflows/,
  "overlapping.safetensors": /tensor "b" overlaps the one before: starts at 8, expected 16/,
  "short-storage.pt": /has 8 bytes, its tensors say 432/,
  "truncated.pt": /End of central directory.*truncated/,
};

describe.skipIf(missing)(`checkpoints to refuse${described}`, () => {
  it.each(refused)("%s, with a reason", async (name) => {
    const error: unknown = await openWeights(resolve(folder, "refuse", name)).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(isDifftapError(error, "CHECKPOINT_REFUSED")).toBe(true);
    expect((error as Error).message).toMatch(reasons[name] ?? /a reason listed above/);
  });
});
