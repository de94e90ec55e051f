/** The targets of a batch out of those of its images. */
import { DifftapError, type NdArray, ndarray } from "@difftap/core";
import type { Targets } from "./dense-targets.js";

/**
 * Arrays [N, …] by name from N images' arrays […].
 * @throws DifftapError USAGE_INVALID for no image, or for images whose targets differ in names or shapes.
 */
export function stackTargets(images: readonly Targets[]): Targets {
  const [first] = images;
  if (!first) throw new DifftapError("USAGE_INVALID", "there are no targets to stack");
  const names = Object.keys(first);
  return Object.fromEntries(
    names.map((name) => [
      name,
      stackArrays(
        name,
        images.map((image) => image[name]),
      ),
    ]),
  );
}

function stackArrays(name: string, arrays: readonly (NdArray<"float32"> | undefined)[]): NdArray<"float32"> {
  const { shape, data } = arrays[0]!;
  const stacked = new Float32Array(arrays.length * data.length);
  for (const [index, array] of arrays.entries()) {
    if (array?.shape.join() !== shape.join()) {
      const found = array ? `[${array.shape.join(", ")}]` : "nothing";
      throw new DifftapError(
        "USAGE_INVALID",
        `${name} of image ${index} is ${found}, of image 0 [${shape.join(", ")}]`,
        { hint: "images of one batch have one size", details: { name, index } },
      );
    }
    stacked.set(array.data, index * data.length);
  }
  return ndarray("float32", [arrays.length, ...shape], stacked);
}
