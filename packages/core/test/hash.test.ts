import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashId, sha256Hex, stableStringify } from "../src/index.js";

describe("sha256Hex", () => {
  it("gives FIPS 180's example, from text and from bytes", () => {
    const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    expect(sha256Hex("abc")).toBe(abc);
    expect(sha256Hex(Uint8Array.of(0x61, 0x62, 0x63))).toBe(abc);
  });
});

describe("hashId", () => {
  it("is the first 8 bytes of the sha256, little-endian", () => {
    expect(hashId("abc")).toBe(0xeacf018fbf1678ban);
  });

  it("tells ids apart", () => {
    const ids = Array.from({ length: 10_000 }, (_, i) => hashId(`image-${i}`));
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("stableStringify", () => {
  it("sorts keys at every depth and keeps the order of arrays", () => {
    expect(stableStringify({ b: [{ z: 1, a: 2 }, 3], a: "x", 10: null, 9: true })).toBe(
      '{"9":true,"10":null,"a":"x","b":[{"a":2,"z":1},3]}',
    );
  });

  it("does not depend on the order in which keys were set, and reads back as the same value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(), (value, turn) => {
        const text = stableStringify(value);
        expect(stableStringify(reordered(value, turn))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("takes undefined members for absent ones", () => {
    expect(stableStringify({ a: undefined, b: 1 })).toBe('{"b":1}');
  });

  it.each([
    ["NaN", { value: Number.NaN }],
    ["Infinity", { value: [1, Number.POSITIVE_INFINITY] }],
    ["a bigint", { value: 1n }],
    ["a function", { value: () => 1 }],
    ["undefined", undefined],
  ])("refuses %s", (_name, value) => {
    expect(() => stableStringify(value)).toThrow(/which JSON cannot hold/);
  });
});

/** The same value with its keys set in another order. */
function reordered(value: unknown, turn: number): unknown {
  if (Array.isArray(value)) return value.map((item) => reordered(item, turn));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, reordered(inner, turn)] as const);
  const at = entries.length === 0 ? 0 : turn % entries.length;
  return Object.fromEntries([...entries.slice(at), ...entries.slice(0, at)].reverse());
}
