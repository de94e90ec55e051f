/** DIFFTAP_FUZZ_RUNS sets the number of cases per property (`pnpm fuzz`: 20,000); fast-check prints the seed of a failure. */
import { mkdirSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isDifftapError, sha256Hex, stableStringify } from "@difftap/core";
import fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { checkChecksum, decodeStrings, encodeStrings } from "../src/codecs.js";
import { openFeatureStore } from "../src/index.js";
import { filledStore, temporaryFolder } from "./stores.js";

const numRuns = Number(process.env.DIFFTAP_FUZZ_RUNS ?? 400);
vi.setConfig({ testTimeout: 120_000 + 20 * numRuns });

let text: string;
let folder: string;
beforeAll(async () => {
  text = await readFile(join((await filledStore()).path, "zarr.json"), "utf8");
  folder = join(await temporaryFolder(), "store");
  mkdirSync(folder);
});

/** Opens a store with this root and tries to use it; any outcome but a value or a DifftapError throws. */
async function use(root: string | Uint8Array): Promise<"opened" | string> {
  writeFileSync(join(folder, "zarr.json"), root);
  try {
    const store = await openFeatureStore(folder);
    await store.readAll(store.arrays[0]!.name);
    return "opened";
  } catch (error) {
    if (isDifftapError(error)) return error.code;
    throw error;
  }
}

const seal = (store: unknown, complete: unknown = true) => {
  const sealed = { format: "difftap.features/1", complete, store };
  const digest = sha256Hex(stableStringify(sealed));
  return JSON.stringify({
    zarr_format: 3,
    node_type: "group",
    attributes: { difftap: { ...sealed, digest } },
  });
};

describe("the root's metadata", () => {
  it("cut off, or with a byte changed, is refused", async () => {
    const edit = fc.record({ at: fc.nat(text.length - 1), byte: fc.nat(255), cut: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(edit, async ({ at, byte, cut }) => {
        const bytes = Buffer.from(text);
        if (!cut) bytes[at] = byte;
        const root = cut ? bytes.subarray(0, at) : bytes;
        const outcome = await use(root);
        if (root.equals(Buffer.from(text))) return;
        expect(["STORE_CORRUPT", "UNSUPPORTED"]).toContain(outcome);
      }),
      { numRuns },
    );
  });

  it("of any JSON gives a DifftapError", async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (json) => {
        expect(await use(json)).toBe("STORE_CORRUPT");
      }),
      { numRuns },
    );
  });

  it("with any values in its fields, well sealed, gives a value or a DifftapError and allocates nothing", async () => {
    const whole = JSON.parse(text).attributes.difftap.store as Record<string, unknown>;
    const field = fc.constantFrom(...Object.keys(whole));
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
    const number = fc.oneof(fc.integer(), finite, fc.constantFrom(2 ** 31 - 1, 2 ** 53, 0, -1));
    const shape = fc.array(number, { maxLength: 5 });
    const array = fc.record({ name: fc.oneof(fc.string(), fc.constant("t50/b09")), sampleShape: shape });
    const value = fc.oneof(number, fc.jsonValue(), fc.array(array, { maxLength: 3 }));
    const before = process.memoryUsage().arrayBuffers;
    await fc.assert(
      fc.asyncProperty(fc.dictionary(field, value, { maxKeys: 3 }), async (changes) => {
        const store = { ...whole, ...changes };
        expect(["STORE_CORRUPT", "READ_FAILED", "UNSUPPORTED"]).toContain(await use(seal(store)));
      }),
      { numRuns },
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(256 * 2 ** 20);
  });

  it("of a later format is told apart from damage", async () => {
    expect(await use(text.replaceAll("difftap.features/1", "difftap.features/2"))).toBe("UNSUPPORTED");
  });
});

describe("strings", () => {
  const strings = fc.array(fc.string({ unit: "grapheme" }));

  it("come back as they were, from any place in a buffer", () => {
    fc.assert(
      fc.property(strings, fc.nat(9), (given, offset) => {
        const bytes = encodeStrings(given);
        const larger = new Uint8Array(offset + bytes.length);
        larger.set(bytes, offset);
        expect(decodeStrings(larger.subarray(offset))).toEqual(given);
      }),
      { numRuns },
    );
  });

  it("of any bytes are strings or an Error that says why, never a wild allocation", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          expect(encodeStrings(decodeStrings(bytes))).toEqual(bytes);
        } catch (error) {
          expect(String(error)).toMatch(/cannot hold|ends behind|follow the last|not valid/);
        }
      }),
      { numRuns },
    );
  });
});

it("a checksum notices any change of up to 32 neighbouring bits", () => {
  const content = fc.uint8Array({ minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(content, fc.nat(), fc.integer({ min: 1, max: 255 }), (bytes, at, flip) => {
      const damaged = Buffer.from(bytes);
      damaged[at % damaged.length]! ^= flip;
      expect(() => checkChecksum(damaged)).toThrow();
    }),
    { numRuns },
  );
});
