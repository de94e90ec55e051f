/** What a kind of dataset is to the registry: its name, how it is written, and how it is opened. */
import type { z } from "zod";
import type { DetectionDataset, SegmentationDataset } from "./annotations.js";
import type { ImageDataset } from "./dataset.js";

export interface DatasetDefinition<Spec = unknown> {
  /** First word of a spec: `kind:…`. */
  readonly kind: string;
  /** One example of a spec, for messages. */
  readonly usage: string;
  /** True when the text after `kind:` begins with a path. */
  readonly takesPath: boolean;
  /** The spec as data, without `kind`. Unknown keys are errors. */
  readonly schema: z.ZodType<Spec>;
  /** Names that may follow as `,name=value`. */
  readonly options: readonly string[];
  open(spec: Spec): Promise<ImageDataset>;
  /** Opens the images with their objects; absent when the kind has none. */
  openDetection?(spec: Spec): Promise<DetectionDataset>;
  /** Opens the images with their label maps; absent when the kind has none. */
  openSegmentation?(spec: Spec): Promise<SegmentationDataset>;
}

/** Ties a schema and the functions that open it together; the registry holds the result. */
export function defineDataset<Spec>(definition: DatasetDefinition<Spec>): DatasetDefinition {
  return definition;
}
