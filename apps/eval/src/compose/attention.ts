/** Where the CLS token of a head looks: the weights of its last block, image by image. */
import { tf } from "@difftap/engine";
import type { AttentionMap, Head, HeadTap, ReadMap } from "@difftap/heads";
import type { AttentionExample } from "@difftap/run-folder";
import { type LabelledBatch, toTensors } from "@difftap/trainer";

/** One map that a head reads: [images, heads, cells], flat. */
export interface SeenMap {
  /** The tap's name, with the pass where the head reads two. */
  readonly title: string;
  readonly tap: HeadTap;
  readonly map: Pick<AttentionMap, "height" | "width">;
  readonly values: Float32Array;
  readonly rows: { readonly images: number; readonly heads: number; readonly cells: number };
}

/** What tables call a map that a head reads: t10/b09, or t10/b09 (pass 2) of a head that reads two passes. */
export function mapTitle({ tap, pass }: ReadMap): string {
  return pass === undefined ? tap : `${tap} (pass ${pass})`;
}

/** Of a head that has attention, over the images of a batch. */
export async function seenMaps(head: Head, batch: LabelledBatch): Promise<SeenMap[]> {
  const maps = tf.tidy(() =>
    head.attentionMaps!(toTensors(batch)).map(({ weights, ...map }) => {
      const [images, blocks, heads, cells] = weights.shape;
      return { ...map, last: tf.slice(weights, [0, blocks - 1, 0, 0], [images, 1, heads, cells]) };
    }),
  );
  const seen = maps.map(async ({ tap, pass, height, width, last }) => {
    const values = Float32Array.from(await last.data());
    const [images, , heads, cells] = last.shape;
    last.dispose();
    const described = head.description.taps.find(({ name }) => name === tap)!;
    const title = mapTitle({ tap, ...(pass && { pass }) });
    return { title, tap: described, map: { height, width }, values, rows: { images, heads, cells } };
  });
  return Promise.all(seen);
}

/** One image's map as reports show it: the mean over the heads, to five places. */
export function shownMap(
  { title, tap, map, values, rows }: SeenMap,
  image: number,
): AttentionExample["maps"][number] {
  const { heads, cells } = rows;
  const weights = Array.from({ length: cells }, (_, cell) => {
    let sum = 0;
    for (let head = 0; head < heads; head++) sum += values[(image * heads + head) * cells + cell]!;
    return Math.round((1e5 * sum) / heads) / 1e5;
  });
  return { tap: title, block: tap.block, timestep: tap.timestep, ...map, weights };
}
