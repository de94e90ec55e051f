/** One annotation of Pascal VOC: the image's size and its objects. */
import { DifftapError } from "@difftap/core";
import type { Box, ImageSize } from "../annotations.js";
import { childOf, type XmlElement } from "../files/xml.js";

export interface VocObject {
  readonly name: string;
  /** As written, in the coordinates of `AnnotatedObject`; it may have no area or leave the image. */
  readonly box: Box;
  readonly difficult: boolean;
}

export interface VocAnnotation {
  /** Null where the file does not say, or says 0. */
  readonly size: ImageSize | null;
  readonly objects: readonly VocObject[];
}

/**
 * VOC numbers pixels from 1 and counts both corners in: (1, 1) to (W, H) is the whole image. So a box runs from xmin − 1
 * to xmax. Corners that coincide hold no area.
 * @throws DifftapError DATA_REFUSED naming the object and the field that is missing or no number
 */
export function vocAnnotation(root: XmlElement, source: string): VocAnnotation {
  if (root.name !== "annotation") throw refused(source, `begins with <${root.name}>, expected <annotation>`);
  const objects = root.children.filter(({ name }) => name === "object");
  return {
    size: sizeOf(root, source),
    objects: objects.map((object, place) => objectOf(object, `${source}, object ${place + 1}`)),
  };
}

function sizeOf(root: XmlElement, source: string): ImageSize | null {
  const size = childOf(root, "size");
  if (size === undefined) return null;
  const [width, height] = [numberOf(size, "width", source), numberOf(size, "height", source)];
  return width > 0 && height > 0 ? { height, width } : null;
}

function objectOf(object: XmlElement, source: string): VocObject {
  const name = childOf(object, "name")?.text.trim() ?? "";
  if (name === "") throw refused(source, "has no name");
  const corners = childOf(object, "bndbox");
  if (corners === undefined) throw refused(source, `(${name}) has no bndbox`);
  const [left, top, right, bottom] = ["xmin", "ymin", "xmax", "ymax"].map((corner) =>
    numberOf(corners, corner, `${source} (${name})`),
  ) as [number, number, number, number];
  const box: Box = [left - 1, top - 1, extent(left, right), extent(top, bottom)];
  return { name, box, difficult: childOf(object, "difficult")?.text.trim() === "1" };
}

function extent(first: number, last: number): number {
  return last > first ? last - first + 1 : 0;
}

function numberOf(element: XmlElement, name: string, source: string): number {
  const text = childOf(element, name)?.text.trim();
  if (text === undefined) throw refused(source, `has no ${name} in its ${element.name}`);
  const value = Number(text);
  if (text !== "" && Number.isFinite(value)) return value;
  throw refused(source, `has the ${name} ${JSON.stringify(text)}, which is no number`);
}

function refused(source: string, reason: string): DifftapError {
  return new DifftapError("DATA_REFUSED", `${source} ${reason}`, {
    hint: "an annotation has <size>, and per <object> a <name> and a <bndbox> with xmin, ymin, xmax and ymax",
    details: { source },
  });
}
