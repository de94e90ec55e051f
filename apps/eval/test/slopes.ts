/** A gradient against differences of its function. */
import { elementCount, type NdArray, ndarray, normals } from "@difftap/core";
import { expect } from "vitest";

type Array4 = NdArray<"float32">;

/** Numbers by chance, the same for an index. */
export const draw = (index: number, shape: number[], scale = 1): Array4 =>
  ndarray(
    "float32",
    shape,
    normals({ seed: 11, stream: 1, index }, elementCount(shape)).map((value) => scale * value),
  );

const lengthOf = ({ data }: Array4) => Math.sqrt(data.reduce((sum, value) => sum + value ** 2, 0));

/** Along the gradient itself and along another direction the slope is that of `value` around x, to a hundredth of the gradient's norm. */
export async function expectSlopes(
  gradient: Array4,
  x: Array4,
  value: (x: Array4) => Promise<number>,
): Promise<void> {
  const norm = lengthOf(gradient);
  expect(norm).toBeGreaterThan(1e-3);
  for (const direction of [gradient, draw(91, [...x.shape])]) {
    const length = lengthOf(direction);
    const moved = (by: number) => {
      const data = x.data.map((each, index) => each + (by * direction.data[index]!) / length);
      return ndarray("float32", x.shape, data);
    };
    const difference = ((await value(moved(0.05))) - (await value(moved(-0.05)))) / 0.1;
    const slope = gradient.data.reduce((sum, each, i) => sum + each * direction.data[i]!, 0) / length;
    if (process.env.DIFFTAP_FIGURES) process.stdout.write(`slope ${slope}, difference ${difference}\n`);
    expect(Math.abs(difference - slope) / norm).toBeLessThan(0.01);
  }
}
