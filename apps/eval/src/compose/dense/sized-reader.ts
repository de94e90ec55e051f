/** Maps of images as they are: a session is prepared for each size of images when the first of it come. */
import type { BackboneRuntime, TapRequest, TapSession, TrainedFeedback } from "@difftap/backbone";
import type { HeadTap } from "@difftap/heads";
import { noiseOf } from "../noise.js";
import type { MapReader, NamedImages } from "./map-reader.js";

export interface SizedReaderOptions {
  readonly runtime: BackboneRuntime;
  /** Which maps; of pass 2 only with feedback. Their own height and width are not read. */
  readonly taps: readonly HeadTap[];
  readonly feedback?: TrainedFeedback | undefined;
}

/** Sizes of images whose sessions stay open: windows and scales come again with every image. */
const OPEN_SIZES = 8;

export function openSizedReader(options: SizedReaderOptions): Pick<MapReader, "read" | "close"> {
  const { runtime, taps, feedback } = options;
  const places = distinctPlaces(taps);
  const timesteps = [...new Set(taps.map(({ timestep }) => timestep))];
  const sessions = recentSessions((size) => runtime.prepare(places, { size, ...(feedback && { feedback }) }));
  const readAt = async (timestep: HeadTap["timestep"], { images, ids }: NamedImages, seed: number) => {
    const session = await sessions.of(images.shape);
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
    close: () => sessions.close(),
  };
}

type Prepare = (size: { readonly height: number; readonly width: number }) => Promise<TapSession>;

/** The last few sessions by the size of their images. */
function recentSessions(prepare: Prepare) {
  const open = new Map<string, Promise<TapSession>>();
  const closeOldest = async () => {
    const [size, session] = [...open][0]!;
    open.delete(size);
    await (await session).close();
  };
  return {
    async of([, , height, width]: readonly number[]): Promise<TapSession> {
      const size = `${height}x${width}`;
      const session = open.get(size) ?? prepare({ height: height!, width: width! });
      open.delete(size);
      open.set(size, session);
      // One that cannot be prepared is not kept.
      session.catch(() => open.delete(size));
      if (open.size > OPEN_SIZES) await closeOldest();
      return session;
    },
    async close() {
      while (open.size > 0) await closeOldest();
    },
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
