/** Label maps from files of numbers: which number is which label, and what counts nowhere. */
import { join } from "node:path";
import { DifftapError } from "@difftap/core";
import type { LabelMap, SegmentationDataset } from "./annotations.js";
import { checkIndex, type ImageDataset } from "./dataset.js";
import { decodeIndexPng } from "./files/index-png.js";
import { readWhole } from "./files/read-file.js";

/** What a number in a file stands for. */
export type Meaning = number | "ignore" | "unknown";

export interface IndexedMaps {
  readonly root: string;
  /** Below the root, one PNG per image. */
  readonly files: readonly string[];
  readonly labelNames: readonly string[];
  /** @param value 0 … 65535 */
  labelOf(value: number): Meaning;
}

const VALUES = 65536;
const UNKNOWN = -1;

/** Images with their label maps. Files are read when their map is asked for. */
export function indexedMaps(images: ImageDataset, maps: IndexedMaps): SegmentationDataset {
  const { files, labelNames } = maps;
  const ignore = labelNames.length > 255 ? 65535 : 255;
  const table = Int32Array.from({ length: VALUES }, (_, value) => {
    const meaning = maps.labelOf(value);
    if (meaning === "ignore") return ignore;
    return meaning === "unknown" ? UNKNOWN : meaning;
  });
  return {
    ...images,
    labelNames,
    ignore,
    labelMap: async (index) => {
      checkIndex(index, files.length, images.name);
      const path = join(maps.root, files[index]!);
      return relabelled(await decodeIndexPng(await readWhole(path), path), table, path, labelNames);
    },
  };
}

function relabelled(
  { height, width, data: values }: LabelMap,
  table: Int32Array,
  source: string,
  labelNames: readonly string[],
): LabelMap {
  const data = labelNames.length > 255 ? new Uint16Array(values.length) : new Uint8Array(values.length);
  for (let pixel = 0; pixel < data.length; pixel++) {
    const label = table[values[pixel]!]!;
    if (label === UNKNOWN) throw unknownValue(values, values[pixel]!, source, labelNames);
    data[pixel] = label;
  }
  return { height, width, data };
}

function unknownValue(
  values: LabelMap["data"],
  value: number,
  source: string,
  labelNames: readonly string[],
): DifftapError {
  const pixels = values.filter((other) => other === value).length;
  return new DifftapError(
    "DATA_REFUSED",
    `${source} has the value ${value} at ${pixels} pixels, which is none of its ${labelNames.length} labels`,
    {
      hint: "name every label, and say which values to ignore; a mask saved as JPEG or resized has values between",
      details: { source, value, pixels, labels: labelNames.length },
    },
  );
}
