/**
 * A small checkpoint of each kind, cut at every byte and with its bits flipped: every bit of the commonest kind and,
 * in the slow lane (`pnpm fuzz`), of all; every fifth bit of the others in the ordinary run.
 */
import { readFileSync } from "node:fs";
import { ndarray } from "@difftap/core";
import { describe, expect, it } from "vitest";
import { openWeights, writeSafetensors } from "../src/index.js";
import { plain, refusalOf, scratch } from "./support/scratch.js";
import { torchLegacy, torchZip } from "./support/torch-writer.js";

const file = scratch();
const arrays = { w: ndarray("float32", [2, 2], Float32Array.of(1, -2, 3, -4)) };
const written = file("small.safetensors");
await writeSafetensors(written, arrays);

const everyBit = process.env.DIFFTAP_FUZZ_CASES !== undefined;
const step = everyBit ? 1 : 5;

interface Kind {
  readonly kind: string;
  readonly whole: Buffer;
  /** Checksums cover the tensors' names, shapes and values. */
  readonly checked: boolean;
  readonly bits: number;
}

const kinds: Kind[] = [
  { kind: "zip", whole: torchZip(arrays), checked: true, bits: 1 },
  { kind: "zip64", whole: torchZip(arrays, { zip64: true }), checked: true, bits: step },
  { kind: "deflated zip", whole: torchZip(arrays, { deflate: true }), checked: true, bits: step },
  { kind: "legacy", whole: torchLegacy(arrays), checked: false, bits: step },
  { kind: "safetensors", whole: readFileSync(written), checked: false, bits: step },
];

describe.each(kinds)("$kind", ({ whole, checked, bits }) => {
  it(`is refused when cut at any of its ${whole.length} bytes`, { timeout: 60_000 }, async () => {
    for (let length = 0; length < whole.length; length++) {
      const error = await refusalOf(file("cut", whole.subarray(0, length)));
      expect(error?.code, `cut to ${length} of ${whole.length} bytes`).toBe("CHECKPOINT_REFUSED");
    }
  });

  it(`gives a value or a DifftapError when one bit in ${bits} is flipped`, { timeout: 240_000 }, async () => {
    const outcomes = { refused: 0, same: 0, other: 0 };
    for (let bit = 0; bit < whole.length * 8; bit += bits) outcomes[await outcomeOf(flipped(whole, bit))]++;
    expect(outcomes.refused).toBeGreaterThan(outcomes.same);
    // Damage under a checksum is refused, or was in bytes that mean nothing.
    if (checked) expect(outcomes.other).toBe(0);
  });
});

async function outcomeOf(bytes: Buffer): Promise<"refused" | "same" | "other"> {
  const path = file("flipped", bytes);
  let read: unknown;
  const error = await refusalOf(path, {}, (tensors) => {
    read = plain(tensors);
  });
  if (error) return "refused";
  return JSON.stringify(read) === JSON.stringify(plain(arrays)) ? "same" : "other";
}

function flipped(whole: Buffer, bit: number): Buffer {
  const bytes = Buffer.from(whole);
  bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
  return bytes;
}

it("catches every flip in the values of a zip", async () => {
  const whole = torchZip(arrays);
  const payload = whole.indexOf(Buffer.from(arrays.w.data.buffer));
  for (let bit = payload * 8; bit < (payload + 16) * 8; bit++) {
    const error = await refusalOf(file("payload", flipped(whole, bit)));
    expect(error?.message).toMatch(/member model\/data\/0 is damaged: CRC-32/);
  }
});

it("names the size of a truncated file", async () => {
  const legacy = torchLegacy(arrays);
  await expect(openWeights(file("short.pt", legacy.subarray(0, -1)))).rejects.toThrow(
    new RegExp(`storage 0 ends at byte ${legacy.length}, but the file has ${legacy.length - 1}: truncated`),
  );
  await expect(openWeights(file("short.pt", torchZip(arrays).subarray(0, 400)))).rejects.toThrow(
    /not a readable zip archive of 400 bytes.*truncated/,
  );
});
