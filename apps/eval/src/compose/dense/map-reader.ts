/** Maps of images of any legal size, out of the frozen runtime: what necks and pixel decoders are fed. */
import type { BackboneRuntime, TapRequest, TrainedFeedback } from "@difftap/backbone";
import type { NdArray } from "@difftap/core";
import type { HeadTap } from "@difftap/heads";
import { noiseOf } from "../noise.js";

export interface MapReaderOptions {
  readonly runtime: BackboneRuntime;
  /** Which maps; of pass 2 only with feedback. */
  readonly taps: readonly HeadTap[];
  /** Of the images. */
  readonly size: { readonly height: number; readonly width: number };
  readonly feedback?: TrainedFeedback | undefined;
}

export interface NamedImages {
  /** [N, 3, height, width] */
  readonly images: NdArray<"uint8">;
  /** N ids: the noise is addressed by them. */
  readonly ids: readonly string[];
}

export interface MapReader {
  /** [N, C, h, w] by the taps' names. */
  read(images: NamedImages, noiseSeed: number): Promise<Record<string, NdArray<"float32">>>;
  close(): Promise<void>;
}

/** @throws DifftapError REQUEST_INVALID for blocks and sizes that the backbone does not have. */
export async function openMapReader(options: MapReaderOptions): Promise<MapReader> {
  const { runtime, taps, size, feedback } = options;
  const places = distinctPlaces(taps);
  const session = await runtime.prepare(places, { size, ...(feedback && { feedback }) });
  const timesteps = [...new Set(taps.map(({ timestep }) => timestep))];
  const readAt = async (timestep: HeadTap["timestep"], { images, ids }: NamedImages, seed: number) => {
    const noise = timestep === "clean" ? null : noiseOf(images.shape, ids, { timestep, seed });
    const outputs = await session.run({ images, noise, timesteps: ids.map(() => timestep) });
    return taps
      .filter((tap) => tap.timestep === timestep)
      .map((tap) => [tap.name, outputs[places.findIndex((place) => isOf(place, tap))]!] as const);
  };
  return {
    async read(images, noiseSeed) {
      const found = await Promise.all(timesteps.map((timestep) => readAt(timestep, images, noiseSeed)));
      return Object.fromEntries(found.flat());
    },
    close: () => session.close(),
  };
}

function distinctPlaces(taps: readonly HeadTap[]): TapRequest[] {
  const places: TapRequest[] = [];
  for (const tap of taps) {
    if (places.some((place) => isOf(place, tap))) continue;
    places.push({ block: tap.block, pool: "map", ...(tap.pass && { pass: tap.pass }) });
  }
  return places;
}

const isOf = (place: TapRequest, tap: HeadTap) => place.block === tap.block && place.pass === tap.pass;
