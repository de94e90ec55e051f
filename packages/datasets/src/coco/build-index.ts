/** Which annotations each image has, and where in the file they lie: all that is kept of a COCO file. */
import { DifftapError } from "@difftap/core";
import type { BoxReport, Category } from "../annotations.js";
import { countBoxes } from "../boxes.js";
import { checkBelow } from "../listed-images.js";
import { type JsonElement, visitElements } from "./elements.js";
import { type CocoBox, type CocoImage, checked, cocoBox, cocoCategory, cocoImage } from "./schema.js";

export interface CocoIndex {
  /** In the order of the file. */
  readonly images: readonly CocoImage[];
  /** By label: in the order of their ids. */
  readonly categories: readonly Category[];
  /** Annotations of image i are `first[i]` … `first[i + 1]` − 1 of the next two, in the order of the file. */
  readonly first: Uint32Array;
  readonly starts: Float64Array;
  readonly lengths: Uint32Array;
  readonly report: BoxReport;
}

const sections = ["images", "categories", "annotations"] as const;

/**
 * Reads a file once. Annotations may come before or after what they speak of.
 * @throws DifftapError DATA_REFUSED for what is not JSON or not COCO's, an id that is there twice or that nothing has
 */
export async function buildIndex(chunks: AsyncIterable<Uint8Array>, source: string): Promise<CocoIndex> {
  const read: Read = { images: [], categories: [], rows: [] };
  const counts = { images: 0, categories: 0, annotations: 0 };
  await visitElements(chunks, { sections, source }, (element) => {
    const section = element.section as (typeof sections)[number];
    take(read, element, `${source}, ${section}[${counts[section]++}]`);
  });
  if (read.images.length === 0) throw notCoco(source, "images");
  if (read.categories.length === 0) throw notCoco(source, "categories");
  const categories = read.categories.sort((a, b) => a.id - b.id);
  requireUnique(categories, `${source}, categories`);
  return { images: read.images, categories, ...groupByImage(read, source) };
}

/** Numbers per annotation in `rows`; in one list, which is a tenth of what objects take. */
const ROW = 8;

interface Read {
  readonly images: CocoImage[];
  readonly categories: Category[];
  /** Image id, category id, start, length, and the box. */
  readonly rows: number[];
}

function take(read: Read, { section, value, start, length }: JsonElement, where: string): void {
  if (section === "images") {
    const image = checked(cocoImage, value, where);
    checkBelow(image.file_name, where);
    read.images.push(image);
  } else if (section === "categories") {
    read.categories.push(checked(cocoCategory, value, where));
  } else {
    const { image_id, category_id, bbox }: CocoBox = checked(cocoBox, value, where);
    read.rows.push(image_id, category_id, start, length, ...bbox);
  }
}

type Grouped = Pick<CocoIndex, "first" | "starts" | "lengths" | "report">;

/** A counting sort: annotations of one image next to each other. */
function groupByImage({ images, categories, rows }: Read, source: string): Grouped {
  const indexOf = requireUnique(images, `${source}, images`);
  const known = new Set(categories.map(({ id }) => id));
  const annotations = rows.length / ROW;
  const owners = new Uint32Array(annotations);
  const first = new Uint32Array(images.length + 1);
  const count = countBoxes();
  for (let place = 0; place < annotations; place++) {
    const [imageId, categoryId, , , ...box] = rows.slice(place * ROW, (place + 1) * ROW);
    const where = () => `${source}, annotations[${place}]`;
    const image = indexOf.get(imageId!);
    if (image === undefined) throw unknownId(where(), "image_id", imageId!);
    if (!known.has(categoryId!)) throw unknownId(where(), "category_id", categoryId!);
    count.take(box as [number, number, number, number], images[image]!, where);
    owners[place] = image;
    first[image + 1]!++;
  }
  for (let image = 0; image < images.length; image++) first[image + 1]! += first[image]!;
  return { first, ...placesByImage(rows, owners, first), report: count.report() };
}

function placesByImage(rows: readonly number[], owners: Uint32Array, first: Uint32Array) {
  const starts = new Float64Array(owners.length);
  const lengths = new Uint32Array(owners.length);
  const next = first.slice();
  for (const [place, image] of owners.entries()) {
    const slot = next[image]!++;
    starts[slot] = rows[place * ROW + 2]!;
    lengths[slot] = rows[place * ROW + 3]!;
  }
  return { starts, lengths };
}

/** Places by id. */
function requireUnique(elements: readonly { readonly id: number }[], where: string): Map<number, number> {
  const places = new Map<number, number>();
  for (const [place, { id }] of elements.entries()) {
    if (places.has(id)) throw new DifftapError("DATA_REFUSED", `${where}: the id ${id} is there twice`);
    places.set(id, place);
  }
  return places;
}

function unknownId(where: string, field: string, id: number): DifftapError {
  return new DifftapError("DATA_REFUSED", `${where}: ${field} is ${id}, and nothing has that id`, {
    hint: "the lists of images, categories and annotations belong together: export them anew",
    details: { where, [field]: id },
  });
}

function notCoco(source: string, missing: string): DifftapError {
  return new DifftapError("DATA_REFUSED", `${source} lists no ${missing}: it is no COCO instances file`, {
    hint: 'expected {"images": […], "annotations": […], "categories": […]}, such as instances_val2017.json',
    details: { source, missing },
  });
}
