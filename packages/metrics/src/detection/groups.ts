/** Detections and objects by category and image, sorted once for all thresholds, sizes and resamplings. */
import type { Detection, DetectionSet, TrueObject } from "./objects.js";

export interface CategoryGroup {
  readonly label: number;
  /** From the best score to the worst; of equal scores the lower image first, then the one given first. */
  readonly detections: readonly Detection[];
  /** By image, each image's as given. */
  readonly truths: readonly TrueObject[];
  /** Image of each detection: its place among the set's images in ascending order. */
  readonly detectionImages: Uint32Array;
  readonly truthImages: Uint32Array;
  /** Images with a detection or an object of the category. */
  readonly images: readonly ImageGroup[];
}

interface ImageGroup {
  /** Places in the category's detections, best score first. */
  readonly detections: Uint32Array;
  /** Places in the category's truths. */
  readonly truths: Uint32Array;
}

/** One category after the other, so that only one lies grouped in memory. */
export function* groupByCategory(set: DetectionSet): Generator<CategoryGroup> {
  const images = [...new Set(set.images)].sort((a, b) => a - b);
  const placeOf = new Map(images.map((image, place) => [image, place]));
  const placesOf = (objects: readonly { readonly image: number }[]) =>
    Uint32Array.from(objects, ({ image }) => placeOf.get(image)!);
  const detections = byLabel(set.detections, ranked(set.detections, placesOf(set.detections)), set);
  const truths = byLabel(set.groundTruth, byKey(placesOf(set.groundTruth), images.length).order, set);
  for (let label = 0; label < set.categories.length; label++) {
    const [found, real] = [detections[label]!, truths[label]!];
    const [detectionImages, truthImages] = [placesOf(found), placesOf(real)];
    const groups = byImage(detectionImages, truthImages, images.length);
    yield { label, detections: found, truths: real, detectionImages, truthImages, images: groups };
  }
}

/** Places from the best score to the worst. */
function ranked(detections: readonly Detection[], images: Uint32Array): Uint32Array {
  const scores = Float64Array.from(detections, ({ score }) => score);
  return places(detections.length).sort(
    (a, b) => scores[b]! - scores[a]! || images[a]! - images[b]! || a - b,
  );
}

/** Objects in the order of `order`, parted by label. */
function byLabel<T extends { readonly label: number }>(
  objects: readonly T[],
  order: Uint32Array,
  { categories }: DetectionSet,
): T[][] {
  const parts: T[][] = categories.map(() => []);
  for (const place of order) parts[objects[place]!.label]!.push(objects[place]!);
  return parts;
}

function byImage(detectionImages: Uint32Array, truthImages: Uint32Array, images: number): ImageGroup[] {
  const detections = byKey(detectionImages, images);
  const truths = byKey(truthImages, images);
  const groups: ImageGroup[] = [];
  for (let image = 0; image < images; image++) {
    const group = { detections: detections.of(image), truths: truths.of(image) };
    if (group.detections.length + group.truths.length > 0) groups.push(group);
  }
  return groups;
}

/** A stable counting sort: places by their key, and those of any one key. */
function byKey(keys: Uint32Array, count: number) {
  const starts = new Uint32Array(count + 1);
  for (const key of keys) starts[key + 1]! += 1;
  for (let key = 0; key < count; key++) starts[key + 1]! += starts[key]!;
  const next = starts.slice();
  const order = new Uint32Array(keys.length);
  keys.forEach((key, place) => {
    order[next[key]!++] = place;
  });
  return { order, of: (key: number) => order.subarray(starts[key]!, starts[key + 1]!) };
}

function places(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, place) => place);
}
