/** What heads are trained and evaluated on, wherever it comes from: a store, or images that the backbone reads as they pass. */
import type { HeadTap } from "@difftap/heads";
import type { FeatureRequest } from "@difftap/taps";
import type { FeatureSource } from "@difftap/trainer";
import type { Selection } from "./images.js";

export interface HeadFeatures {
  readonly taps: readonly HeadTap[];
  readonly source: FeatureSource;
  /** A store that is read as it is needed, chunk by chunk, rather than lying in memory. */
  readonly streamed?: boolean;
  readonly labels: Int32Array;
  /** Names of the classes where the data set has them. */
  readonly classNames: readonly string[] | null;
  /** What was asked of the backbone. */
  readonly request: FeatureRequest;
  /** Place in the data set's selection of each sample of the source. */
  readonly rows: Uint32Array;
  /** The images, where they are at hand: to show where a head looks. */
  readonly images: Selection | undefined;
  close(): Promise<void>;
}
