/** Sampling of timesteps: even, and in proportion to losses as guided-diffusion's resampler draws. */
import { describe, expect, test } from "vitest";
import { timestepSampler } from "../src/timesteps/registry.js";

const STEPS = 8;
const address = (step: number) => ({ seed: 2, step });

/** Tells a sampler ten losses of each timestep: the last nine as `lossOf` says. */
function taught(lossOf: (t: number) => number) {
  const sampler = timestepSampler("loss-second-moment", STEPS);
  const all = Int32Array.from({ length: STEPS }, (_, t) => t);
  sampler.observe(all, new Float32Array(STEPS).fill(100));
  for (let i = 0; i < 10; i++) sampler.observe(all, Float32Array.from(all, lossOf));
  return sampler;
}

describe("uniform", () => {
  test("draws every timestep equally often, by address alone", () => {
    const sampler = timestepSampler("uniform", STEPS);
    const counts = new Float64Array(STEPS);
    for (let step = 0; step < 200; step++)
      for (const t of sampler.draw(address(step), 40).timesteps) counts[t]! += 1;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(120);
    expect(sampler.draw(address(5), 40)).toEqual(sampler.draw(address(5), 40));
    expect(sampler.draw(address(5), 40).timesteps).not.toEqual(sampler.draw(address(6), 40).timesteps);
    expect([...sampler.draw(address(5), 3).weights]).toEqual([1, 1, 1]);
  });
});

describe("loss-second-moment", () => {
  test("draws evenly until every timestep has ten losses", () => {
    const sampler = timestepSampler("loss-second-moment", STEPS);
    const all = Int32Array.from({ length: STEPS }, (_, t) => t);
    for (let i = 0; i < 9; i++) sampler.observe(all, new Float32Array(STEPS).fill(3));
    sampler.observe(all.subarray(1), new Float32Array(STEPS - 1).fill(3));
    for (const weight of sampler.draw(address(0), 100).weights) expect(weight).toBe(1);
  });

  test("then in proportion to the root of the mean square of the last ten, the oldest forgotten", () => {
    const sampler = taught((t) => t + 1);
    const counts = new Float64Array(STEPS);
    for (let step = 0; step < 500; step++)
      for (const t of sampler.draw(address(step), 40).timesteps) counts[t]! += 1;
    counts.forEach((count, t) => {
      const share = (0.999 * (t + 1)) / 36 + 0.001 / STEPS;
      expect(Math.abs(count / 20_000 - share), `t = ${t}`).toBeLessThan(0.01);
    });
  });

  test("weights make the mean that of even sampling", () => {
    const sampler = taught((t) => (t + 1) ** 2);
    let [sum, n] = [0, 0];
    for (let step = 0; step < 2000; step++) {
      const { timesteps, weights } = sampler.draw(address(step), 16);
      timesteps.forEach((t, i) => {
        sum += weights[i]! * Math.sin(t);
        n += 1;
      });
    }
    const even = Array.from({ length: STEPS }, (_, t) => Math.sin(t)).reduce((a, b) => a + b) / STEPS;
    expect(Math.abs(sum / n - even)).toBeLessThan(0.02);
  });

  test("goes on from its state, and refuses another's", () => {
    const sampler = taught((t) => t + 1);
    const copy = timestepSampler("loss-second-moment", STEPS);
    copy.restore(sampler.state());
    expect(copy.draw(address(3), 50)).toEqual(sampler.draw(address(3), 50));
    expect(() => timestepSampler("loss-second-moment", 9).restore(sampler.state())).toThrow(
      /no losses of 9 timesteps/,
    );
    expect(() => copy.restore({})).toThrow(/no losses/);
  });
});
