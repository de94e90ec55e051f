/**
 * Binary masks as the lengths of their runs: column by column, zeros first, as COCO keeps them.
 * Areas, boxes and overlaps come from the runs; only who needs pixels decodes.
 *
 * ```ts
 * import { encodeMask, maskArea, runsToText } from "@difftap/core";
 *
 * const mask = encodeMask(Uint8Array.of(0, 1, 1, 0, 1, 1), { height: 2, width: 3 });
 * Array.from(mask.counts); // [2, 4]
 * maskArea(mask); // 4
 * runsToText(mask); // "24"
 * ```
 *
 * Source: pycocotools, common/maskApi.c.
 */
import { DifftapError } from "./errors.js";

export interface MaskSize {
  readonly height: number;
  readonly width: number;
}

export interface RunLengthMask extends MaskSize {
  /** Runs of zeros, ones, zeros, … down the columns from the left. Their sum is height · width; the first may be 0. */
  readonly counts: Uint32Array;
}

/** A run is a number of 32 bits. */
const MAX_PIXELS = 0xffffffff;

/**
 * Runs from elsewhere, checked and copied.
 * @throws DifftapError DATA_REFUSED for a size without pixels, a run that is no whole number, or runs that do not sum
 * to height · width.
 */
export function runLengthMask(counts: ArrayLike<number>, { height, width }: MaskSize): RunLengthMask {
  checkSize(height, width);
  let sum = 0;
  for (let run = 0; run < counts.length; run++) {
    const count = counts[run]!;
    if (!Number.isInteger(count) || count < 0) refuse(`run ${run} of a mask is ${count}`, { run, count });
    sum += count;
  }
  if (sum !== height * width) {
    refuse(`the runs of a mask sum to ${sum}, its ${height} × ${width} pixels are ${height * width}`, {
      sum,
      height,
      width,
    });
  }
  return { height, width, counts: Uint32Array.from(counts) };
}

/**
 * Row-major pixels [height, width], anything but 0 being inside, to runs.
 * @throws DifftapError DATA_REFUSED when the number of pixels is not height · width.
 */
export function encodeMask(mask: Uint8Array, { height, width }: MaskSize): RunLengthMask {
  checkSize(height, width);
  if (mask.length !== height * width) {
    refuse(`a mask of ${height} × ${width} pixels has ${mask.length} values`, { height, width });
  }
  const counts: number[] = [];
  let inside = false;
  let run = 0;
  for (let column = 0; column < width; column++) {
    for (let pixel = column; pixel < mask.length; pixel += width) {
      if ((mask[pixel] !== 0) !== inside) {
        counts.push(run);
        run = 0;
        inside = !inside;
      }
      run += 1;
    }
  }
  counts.push(run);
  return { height, width, counts: Uint32Array.from(counts) };
}

/** Row-major pixels [height, width], 0 or 1. */
export function decodeMask({ height, width, counts }: RunLengthMask): Uint8Array {
  const mask = new Uint8Array(height * width);
  let row = 0;
  let column = 0;
  counts.forEach((count, run) => {
    for (let left = count; left > 0; ) {
      const here = Math.min(left, height - row);
      if (run % 2 === 1) fillColumn(mask, row * width + column, here, width);
      row += here;
      left -= here;
      if (row === height) {
        row = 0;
        column += 1;
      }
    }
  });
  return mask;
}

function fillColumn(mask: Uint8Array, first: number, pixels: number, width: number): void {
  for (let pixel = 0; pixel < pixels; pixel++) mask[first + pixel * width] = 1;
}

/** Number of pixels inside. */
export function maskArea({ counts }: RunLengthMask): number {
  let area = 0;
  for (let run = 1; run < counts.length; run += 2) area += counts[run]!;
  return area;
}

/** The smallest box around the pixels inside: left, top, width, height; all 0 for an empty mask. */
export function maskBox({ height, width, counts }: RunLengthMask): [number, number, number, number] {
  let [left, top, right, bottom] = [width, height, -1, -1];
  let position = 0;
  counts.forEach((count, run) => {
    const last = position + count - 1;
    if (run % 2 === 1 && count > 0) {
      const [from, to] = [Math.floor(position / height), Math.floor(last / height)];
      left = Math.min(left, from);
      right = Math.max(right, to);
      // A run over the foot of a column goes on at the head of the next.
      top = from < to ? 0 : Math.min(top, position % height);
      bottom = from < to ? height - 1 : Math.max(bottom, last % height);
    }
    position += count;
  });
  return right < 0 ? [0, 0, 0, 0] : [left, top, right - left + 1, bottom - top + 1];
}

/** Bits of a character's number; the sixth says that more follow. */
const DIGITS = 32;
const MORE = 32;
/** The top bit of the last digit is the sign. */
const SIGN = 16;
const FIRST_CHARACTER = 48;
/** Seven digits of five bits hold every difference of two numbers of 32 bits. */
const MAX_DIGITS = 7;

/** COCO's compressed string: from the fourth on, each run less the one before the last, in digits of 5 bits. */
export function runsToText({ counts }: RunLengthMask): string {
  const characters: string[] = [];
  for (let run = 0; run < counts.length; run++) {
    const before = run > 2 ? counts[run - 2]! : 0;
    pushNumber(characters, counts[run]! - before);
  }
  return characters.join("");
}

function pushNumber(characters: string[], value: number): void {
  for (let left = value, more = true; more; ) {
    const rest = Math.floor(left / DIGITS);
    const digit = left - rest * DIGITS;
    more = rest !== (digit >= SIGN ? -1 : 0);
    characters.push(String.fromCharCode(FIRST_CHARACTER + digit + (more ? MORE : 0)));
    left = rest;
  }
}

/**
 * The runs of COCO's compressed string.
 * @throws DifftapError DATA_REFUSED for a character outside "0" … "o", a number that is cut short or over 32 bits, and
 * as `runLengthMask` does.
 */
export function runsFromText(text: string, size: MaskSize): RunLengthMask {
  const counts: number[] = [];
  for (let position = 0; position < text.length; ) {
    const { value, next } = readNumber(text, position);
    const run = counts.length;
    counts.push(run > 2 ? value + counts[run - 2]! : value);
    position = next;
  }
  return runLengthMask(counts, size);
}

function readNumber(text: string, start: number): { value: number; next: number } {
  let value = 0;
  let scale = 1;
  for (let position = start; position < Math.min(text.length, start + MAX_DIGITS); position++) {
    const character = text.charCodeAt(position) - FIRST_CHARACTER;
    if (!(character >= 0 && character < DIGITS + MORE)) {
      refuse(`character ${position} of a compressed mask is ${JSON.stringify(text[position])}`, { position });
    }
    value += (character % DIGITS) * scale;
    scale *= DIGITS;
    if (character < MORE) return { value: character >= SIGN ? value - scale : value, next: position + 1 };
  }
  return refuse(`a compressed mask of ${text.length} characters has no whole number at character ${start}`, {
    position: start,
  });
}

function checkSize(height: number, width: number): void {
  const whole = Number.isInteger(height) && Number.isInteger(width) && height > 0 && width > 0;
  if (whole && height * width <= MAX_PIXELS) return;
  refuse(`${height} × ${width} is not the size of a mask`, { height, width });
}

function refuse(message: string, details: Readonly<Record<string, unknown>>): never {
  throw new DifftapError("DATA_REFUSED", message, {
    hint: "a mask's runs go down the columns from the left, zeros first, and sum to height · width",
    details,
  });
}
