/** Part of a dataset as a dataset. */
import { checkIndex, type ImageDataset } from "../dataset.js";
import { fingerprint } from "../files/fingerprint.js";

/** The images at `indices`, in that order, with the ids and labels they have. @throws DifftapError USAGE_INVALID for an index that is none */
export function pickImages(dataset: ImageDataset, indices: Uint32Array | readonly number[]): ImageDataset {
  const chosen = Uint32Array.from(indices);
  for (const index of chosen) checkIndex(index, dataset.length, dataset.name);
  return {
    name: dataset.name,
    classes: dataset.classes,
    length: chosen.length,
    digest: fingerprint([dataset.digest, ...chosen]),
    id: (index) => dataset.id(chosen[index]!),
    label: (index) => dataset.label(chosen[index]!),
    read: async (index) => {
      checkIndex(index, chosen.length, dataset.name);
      return dataset.read(chosen[index]!);
    },
    close: async () => dataset.close?.(),
  };
}
