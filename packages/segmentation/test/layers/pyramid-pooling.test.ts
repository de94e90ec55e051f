/** Pyramid pooling against float64, cell by cell: pooled, projected, normed, resized, joined, convolved. */
import { describeEngines } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { createPyramidPooling } from "../../src/index.js";
import { difference, tensor4d, waves } from "../examples.js";
import { bilinear64 } from "../losses/reference.js";

/** [row][column][channel] */
type Map64 = number[][][];

const [batch, height, width, inputs, outputs, groups] = [2, 5, 7, 3, 4, 2];
const scales = [1, 2, 3, 6];

const build = (rows: number, columns: number, cell: (y: number, x: number) => number[]): Map64 =>
  Array.from({ length: rows }, (_, y) => Array.from({ length: columns }, (__, x) => cell(y, x)));
const mean = (values: readonly number[]) => values.reduce((total, value) => total + value, 0) / values.length;

/** Adaptive windows; as many cells as the map has where more are asked for. */
function pooled(map: Map64, cells: number): Map64 {
  const [n, m] = [Math.min(cells, height), Math.min(cells, width)];
  return build(n, m, (y, x) => {
    const rows = map.slice(Math.floor((y * height) / n), Math.ceil(((y + 1) * height) / n));
    const within = rows.flatMap((row) =>
      row.slice(Math.floor((x * width) / m), Math.ceil(((x + 1) * width) / m)),
    );
    return within[0]!.map((_, channel) => mean(within.map((cell) => cell[channel]!)));
  });
}

function convolved(map: Map64, weight: ArrayLike<number>, side: number): Map64 {
  const [from, half] = [map[0]![0]!.length, (side - 1) / 2];
  return build(map.length, map[0]!.length, (y, x) =>
    Array.from({ length: outputs }, (_, output) => {
      let total = 0;
      for (let v = 0; v < side; v++) {
        for (let u = 0; u < side; u++) {
          const cell = map[y + v - half]?.[x + u - half];
          cell?.forEach((value, input) => {
            total += value * weight[((output * from + input) * side + v) * side + u]!;
          });
        }
      }
      return total;
    }),
  );
}

function normedReLU(map: Map64, gain: ArrayLike<number>, shift: ArrayLike<number>): Map64 {
  const size = outputs / groups;
  const moments = Array.from({ length: groups }, (_, group) => {
    const values = map.flat().flatMap((cell) => cell.slice(group * size, (group + 1) * size));
    const centre = mean(values);
    return { centre, spread: Math.sqrt(mean(values.map((value) => (value - centre) ** 2)) + 1e-5) };
  });
  return map.map((row) =>
    row.map((cell) =>
      cell.map((value, channel) => {
        const { centre, spread } = moments[Math.floor(channel / size)]!;
        return Math.max(0, ((value - centre) / spread) * gain[channel]! + shift[channel]!);
      }),
    ),
  );
}

function resized(map: Map64): Map64 {
  const planes = map[0]![0]!.map((_, channel) =>
    bilinear64(
      map.map((row) => row.map((cell) => cell[channel]!)),
      height,
      width,
    ),
  );
  return build(height, width, (y, x) => planes.map((plane) => plane[y]![x]!));
}

type Read = (name: string) => ArrayLike<number>;

function pyramidPooling64(map: Map64, read: Read): Map64 {
  const unit = (input: Map64, name: string, side: number) =>
    normedReLU(
      convolved(input, read(`${name}.0.weight`), side),
      read(`${name}.1.weight`),
      read(`${name}.1.bias`),
    );
  const branches = scales.map((cells, index) => resized(unit(pooled(map, cells), `ppm.scales.${index}`, 1)));
  const joined = build(height, width, (y, x) => [map, ...branches].flatMap((each) => each[y]![x]!));
  return unit(joined, "ppm.bottleneck", 3);
}

describeEngines("pyramid pooling on", () => {
  test("is what float64 says, its norms' weights included", async () => {
    const values = waves(batch * height * width * inputs, 4);
    const size = { inputs, width: outputs, scales, norm: "group", groups, seed: 1 } as const;
    const layer = createPyramidPooling("ppm", size);
    const held = new Map<string, ArrayLike<number>>();
    let salt = 1;
    for (const [name, variable] of layer.variables) {
      const own = waves(variable.size, salt++).map((each) => each + (name.endsWith("1.weight") ? 1.5 : 0));
      held.set(name, own);
      variable.assign(reshaped(own, variable));
    }
    const found = layer.forward(tensor4d(values, [batch, height, width, inputs]), { training: true });
    expect(found.shape).toEqual([batch, height, width, outputs]);
    const expected = Array.from({ length: batch }, (_, image) => {
      const map = build(height, width, (y, x) =>
        Array.from(values.subarray(((image * height + y) * width + x) * inputs).subarray(0, inputs)),
      );
      return pyramidPooling64(map, (name) => held.get(name)!).flat(2);
    });
    expect(difference(await found.data(), expected.flat())).toBeLessThan(1e-5);
  });
});

function reshaped(values: Float64Array, { shape }: tf.Variable): tf.Tensor {
  const four = [...shape, 1, 1, 1].slice(0, 4) as [number, number, number, number];
  return tf.reshape(tensor4d(values, four), shape);
}
