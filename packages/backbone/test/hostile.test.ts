/** Whatever is fed in: a value or a DifftapError, soon. */
import { isDifftapError } from "@difftap/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blockTable, inferArchitecture, parseArchitecture, type TensorTable } from "../src/index.js";
import { tableOf, tiny } from "./architectures.js";

const RUNS = Number(process.env.DIFFTAP_FUZZ_RUNS ?? 500);

function holds(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch (error) {
    return isDifftapError(error);
  }
}

/** An architecture file with some of its values replaced by anything. */
const changed = fc
  .dictionary(fc.constantFrom(...Object.keys(tiny()), "flags"), fc.anything(), { maxKeys: 3 })
  .map((changes) => ({ ...tiny(), ...changes }));

const flags = fc.record({
  flags: fc.dictionary(
    fc.constantFrom(
      "image_size",
      "num_channels",
      "channel_mult",
      "num_res_blocks",
      "num_heads",
      "attention_resolutions",
    ),
    fc.oneof(fc.integer(), fc.double(), fc.string(), fc.constantFrom("1,2", "0.5,1", 32, 64, 256)),
  ),
});

const names = [...tableOf(tiny()).tensors.keys()];

/** A state dict with tensors lost, reshaped or renamed. */
const damaged: fc.Arbitrary<TensorTable> = fc
  .dictionary(
    fc.oneof(
      fc.constantFrom(...names),
      fc.constantFrom("output_blocks.999999999.x", "output_blocks.__proto__.y"),
      fc.string(),
    ),
    fc.option(fc.array(fc.nat({ max: 2 ** 31 }), { maxLength: 4 })),
    { maxKeys: 6 },
  )
  .map((changes) => tableOf(tiny(), changes));

const TIMEOUT_MS = 30_000 + 5 * RUNS;

describe(`hostile input (${RUNS} cases each)`, { timeout: TIMEOUT_MS }, () => {
  it("parseArchitecture and the block table of what it accepts", () => {
    const property = fc.property(fc.oneof(fc.anything(), changed, flags), (json) =>
      holds(() => blockTable(parseArchitecture(json))),
    );
    fc.assert(property, { numRuns: RUNS });
  });

  it("inferArchitecture", () => {
    const { imageSize, heads, newAttentionOrder, diffusion } = tiny();
    const property = fc.property(damaged, (table) =>
      holds(() => inferArchitecture(table, { imageSize, heads, newAttentionOrder, diffusion })),
    );
    fc.assert(property, { numRuns: RUNS });
  });

  it("a million names are read in time", () => {
    const info = { name: "x", dtype: "float32" as const, shape: [1] };
    const tensors = new Map(
      Array.from({ length: 1_000_000 }, (_, i) => [`output_blocks.${i}.0.x`, info] as const),
    );
    const begin = performance.now();
    expect(holds(() => inferArchitecture({ path: "many.pt", tensors }))).toBe(true);
    expect(performance.now() - begin).toBeLessThan(5000);
  });
});
