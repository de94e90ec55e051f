/** Fills the external data of a graph from a state dict, one tensor at a time. */
import type { WeightSource } from "@difftap/checkpoint";
import { DifftapError, toFloat32 } from "@difftap/core";
import type { PlacedWeight, WeightLayout } from "../emission/weight-layout.js";

/**
 * The bytes of `layout`: float16 and bfloat16 upcast. Holds one source tensor at a time beside the result, and reads
 * nothing that the graph does not use.
 * @throws DifftapError NUMERIC when a weight is NaN or infinite; whatever the source throws.
 */
export async function loadWeights(
  layout: WeightLayout,
  source: WeightSource,
): Promise<Uint8Array<ArrayBuffer>> {
  // Resizable, so that whoever is done with it gives gigabytes back at once instead of at some garbage collection.
  const data = new ArrayBuffer(layout.byteLength, { maxByteLength: layout.byteLength });
  for (const weight of layout.weights) {
    const built = await buildWeight(weight, source);
    checkFinite(weight, built, source.path);
    new Float32Array(data, weight.place.offset, built.length).set(built);
  }
  return new Uint8Array(data);
}

async function buildWeight({ sources, build }: PlacedWeight, source: WeightSource): Promise<Float32Array> {
  const parameters: Float32Array[] = [];
  for (const name of sources) parameters.push(toFloat32(await source.read(name)));
  return build === undefined ? parameters[0]! : build(parameters);
}

function checkFinite({ name, sources }: PlacedWeight, values: Float32Array, path: string): void {
  const position = values.findIndex((value) => !Number.isFinite(value));
  if (position === -1) return;
  throw new DifftapError("NUMERIC", `${path}: ${name} has ${values[position]} at position ${position}`, {
    hint: "the checkpoint was saved after its training diverged, or is damaged",
    details: { sources, position },
  });
}
