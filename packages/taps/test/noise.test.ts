import { normals, streams } from "@difftap/core";
import { describe, expect, it } from "vitest";
import { type NoiseAddress, sampleNoise } from "../src/index.js";

const base: NoiseAddress = { seed: 1, id: "n01440764/1.JPEG", timestep: 50, draw: 0 };
const noise = (address: Partial<NoiseAddress> = {}, length = 3072) => {
  const out = new Float32Array(length);
  sampleNoise({ ...base, ...address }, out);
  return out;
};

describe("sampleNoise", () => {
  it("depends on the address alone", () => {
    expect(noise()).toEqual(noise());
    noise({ id: "another" });
    expect(noise()).toEqual(noise());
  });

  it.each<[string, Partial<NoiseAddress>]>([
    ["seed", { seed: 2 }],
    ["id", { id: "n01440764/2.JPEG" }],
    ["timestep", { timestep: 51 }],
    ["draw", { draw: 1 }],
    ["timestep 0", { timestep: 0 }],
    ["the last timestep and draw that have an address", { timestep: 65535, draw: 255 }],
  ])("is other noise for another %s", (_, change) => {
    const [one, other] = [noise(), noise(change)];
    const equal = one.filter((value, i) => value === other[i]).length;
    expect(equal).toBeLessThan(3);
    const correlation = one.reduce((sum, value, i) => sum + value * other[i]!, 0) / one.length;
    expect(Math.abs(correlation)).toBeLessThan(0.08);
  });

  it("is standard normal", () => {
    const values = noise({}, 200_000);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(Math.abs(variance - 1)).toBeLessThan(0.015);
  });

  it("begins alike whatever the size of the image", () => {
    expect(noise({}, 192)).toEqual(noise().subarray(0, 192));
  });

  it("lies where it is documented to lie: stream noise | draw·2⁸ | t·2¹⁶, index the first 64 bits of sha256(id)", () => {
    // sha256("abc") = ba7816bf 8f01cfea …, read little-endian.
    const index = 0xeacf018fbf1678ban;
    const stream = 50 * 65536 + 3 * 256 + streams.noise;
    expect(noise({ id: "abc", draw: 3 }, 64)).toEqual(normals({ seed: 1, stream, index }, 64));
    expect(noise({ id: index, draw: 3 }, 64)).toEqual(noise({ id: "abc", draw: 3 }, 64));
  });

  it.each<Partial<NoiseAddress>>([
    { timestep: 65536 },
    { timestep: -1 },
    { timestep: 0.5 },
    { draw: 256 },
    { draw: -1 },
  ])("refuses %j, which would be another's address", (change) => {
    expect(() => noise(change)).toThrow(/there is no noise for timestep/);
  });
});
