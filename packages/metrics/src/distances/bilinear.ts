/** Bilinear resizing as networks for distances expect it: half-pixel centres, no smoothing (PyTorch's align_corners=False, antialias=False). */

export interface PlaneSize {
  readonly height: number;
  readonly width: number;
}

/** Resizes planes [C, H, W] to [C, …to]. */
export function resizeBilinear(planes: Float32Array, from: PlaneSize, to: PlaneSize): Float32Array {
  const rows = placesOf(from.height, to.height);
  const columns = placesOf(from.width, to.width);
  const channels = planes.length / (from.height * from.width);
  const out = new Float32Array(channels * to.height * to.width);
  let at = 0;
  for (let channel = 0; channel < channels; channel++) {
    const start = channel * from.height * from.width;
    for (const y of rows) {
      const [above, below] = [start + y.first * from.width, start + y.second * from.width];
      for (const x of columns) {
        const upper = mix(planes[above + x.first]!, planes[above + x.second]!, x.share);
        out[at++] = mix(upper, mix(planes[below + x.first]!, planes[below + x.second]!, x.share), y.share);
      }
    }
  }
  return out;
}

const mix = (first: number, second: number, share: number) => first + share * (second - first);

/** For each new place the two old ones around it, and the second's share. */
function placesOf(from: number, to: number) {
  return Array.from({ length: to }, (_, place) => {
    const position = Math.max(0, ((place + 0.5) * from) / to - 0.5);
    const first = Math.min(from - 1, Math.floor(position));
    return { first, second: Math.min(from - 1, first + 1), share: position - first };
  });
}
