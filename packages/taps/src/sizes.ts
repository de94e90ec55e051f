/**
 * Images of several sizes in one request. A tap that names a size of its own is read from images of that size; its array and its noise
 * have that size in their name: `t50/b09@48`, `t50/b09@96x128`.
 */
import {
  type BackboneRuntime,
  type ImageSize,
  sizeName,
  type TapRequest,
  type TapSession,
  type TrainedFeedback,
} from "@difftap/backbone";
import { type FeatureRequest, type ImageSides, imageSizeOf, type Tap } from "./request.js";

/** The taps that are read from images of one size. */
export interface SizedTaps<T extends Tap = Tap> {
  readonly size: ImageSize;
  /** The size as the taps name it; nothing for the request's own. */
  readonly named: ImageSides | undefined;
  readonly taps: readonly T[];
}

/** What distinguishes names of another size: "@48", "@96x128"; nothing for a request's own size. */
export function sizeSuffix(size: ImageSides | undefined): string {
  return size === undefined ? "" : `@${sizeName(imageSizeOf({ size }))}`;
}

/** Whose noise an image gets at another size: that of the id `ID@48`. At the request's own size it is the id itself. */
export function noiseId(id: string, size: ImageSides | undefined): string {
  return id + sizeSuffix(size);
}

/** Taps by the size of their images, sizes in the order in which taps name them. */
export function sizedTaps<T extends Tap>({
  taps,
  size: own,
}: Pick<FeatureRequest, "size"> & { readonly taps: readonly T[] }): SizedTaps<T>[] {
  const suffixes = [...new Set(taps.map(({ size }) => sizeSuffix(size)))];
  return suffixes.map((suffix) => {
    const same = taps.filter(({ size }) => sizeSuffix(size) === suffix);
    const named = same[0]!.size;
    return { size: imageSizeOf({ size: named ?? own }), named, taps: same };
  });
}

/** A session for each size. When one cannot be prepared, those before it are closed. @throws DifftapError as the runtime does. */
export async function openSessions(
  runtime: BackboneRuntime,
  sizes: readonly SizedTaps<Tap & TapRequest>[],
  options: { readonly feedback?: TrainedFeedback } = {},
): Promise<TapSession[]> {
  const sessions: TapSession[] = [];
  try {
    for (const { size, taps } of sizes) {
      const places = taps.map(({ size: _, ...place }) => place);
      sessions.push(await runtime.prepare(places, { size, ...options }));
    }
    return sessions;
  } catch (error) {
    await closeSessions(sessions);
    throw error;
  }
}

export async function closeSessions(sessions: readonly TapSession[]): Promise<void> {
  await Promise.all(sessions.map((session) => session.close()));
}
