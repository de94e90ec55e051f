import { type Architecture, blockTable, unet } from "@difftap/backbone";
import { ndarray, normals, streams } from "@difftap/core";
import { expect, test } from "vitest";
import { openOnnxBackbone } from "../dist/index.js";
import { architectures, weightsOf } from "./architectures.js";
import { largestDifference, standardDeviation } from "./fixtures.js";
import { type Plain, plain, plainOps } from "./plain-ops.js";

const SAMPLES = 2;
const SIZE = { height: 4, width: 8 };
const TIMESTEPS = [3, 700.5];

function input(architecture: Architecture) {
  const shape = [SAMPLES, 3, SIZE.height, SIZE.width];
  const values = normals({ seed: 1, stream: streams.noise }, SAMPLES * 3 * SIZE.height * SIZE.width);
  const labels = architecture.classes === null ? undefined : Int32Array.of(1, 2);
  return { x: ndarray("float32", shape, values), labels };
}

async function everyBlock(architecture: Architecture): Promise<Plain[]> {
  const { x, labels } = input(architecture);
  const ops = await plainOps(weightsOf(architecture));
  const values: Plain[] = [];
  const inputs = {
    x: plain(x.shape, x.data),
    timesteps: plain([SAMPLES], TIMESTEPS),
    labels: labels && plain([SAMPLES], labels),
  };
  const out = unet(ops, architecture, ops, inputs, (_, value) => {
    values.push(value);
  });
  return [...values, out!];
}

test.each(Object.keys(architectures))(
  "%s: every block and the output equal a plain computation",
  async (name) => {
    const architecture = architectures[name]!;
    const { x, labels } = input(architecture);
    const wanted = await everyBlock(architecture);
    const options = { architecture, weights: weightsOf(architecture), workers: 1, fullOutput: true };
    const backbone = await openOnnxBackbone(options);
    const numbers = Array.from({ length: blockTable(architecture).length + 1 }, (_, index) => index + 1);
    const taps = numbers.map((block) => ({ block, pool: "map" as const }));
    const session = await backbone.prepare(taps, { size: SIZE, images: "float32" });
    const got = await session.runNetwork({ x, timesteps: TIMESTEPS, labels });
    await backbone.close();
    expect(got.map(({ shape }) => shape)).toEqual(wanted.map(({ shape }) => shape));
    const errors = got.map(({ data }, index) => {
      const want = wanted[index]!.data;
      return largestDifference(data, want) / standardDeviation(want);
    });
    expect(Math.max(...errors)).toBeLessThan(2e-5);
  },
);
