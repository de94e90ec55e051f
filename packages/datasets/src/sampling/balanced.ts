/** Splits that take the same share of every class: k-shot, fractions, hold-out. */
import { DifftapError, permutation, streams } from "@difftap/core";

/**
 * `shots` images of every class, as few-shot protocols train on.
 * @param labels one per image; images labelled −1 are never taken
 * @returns indices, ascending
 * @throws DifftapError LABELS_MISMATCH when a class has fewer images, or nothing is labelled
 */
export function kShot(labels: Int32Array, shots: number, seed: number): Uint32Array {
  checkWhole("shots", shots);
  return perClass(labels, streams.subset, seed, (members, label) => {
    if (members.length >= shots) return shots;
    throw new DifftapError(
      "LABELS_MISMATCH",
      `class ${label} has ${members.length} images, ${shots} were asked for`,
      {
        hint: "ask for fewer shots",
        details: { label, images: members.length, shots },
      },
    );
  });
}

/**
 * A class-balanced fraction, such as the 1 % and 10 % of semi-supervised protocols: of each class `fraction` of its images,
 * rounded, at least one. The larger fraction of one seed contains the smaller.
 * @returns indices, ascending
 * @throws DifftapError CONFIG_INVALID unless 0 < fraction ≤ 1; LABELS_MISMATCH when nothing is labelled
 */
export function splitFraction(labels: Int32Array, fraction: number, seed: number): Uint32Array {
  checkFraction(fraction, 1);
  return perClass(labels, streams.subset, seed, (members) =>
    Math.max(1, Math.round(members.length * fraction)),
  );
}

export interface HoldOut {
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
}

/**
 * Puts `fraction` of each class aside for validation (rounded, at least one where a class has two or more images).
 * @returns two ascending lists that together hold every labelled image once
 * @throws DifftapError CONFIG_INVALID unless 0 < fraction < 1; LABELS_MISMATCH when nothing is labelled
 */
export function holdOut(labels: Int32Array, fraction: number, seed: number): HoldOut {
  checkFraction(fraction, 1 - Number.EPSILON);
  const validation = perClass(labels, streams.split, seed, (members) =>
    Math.min(members.length - 1, Math.max(1, Math.round(members.length * fraction))),
  );
  const aside = new Set(validation);
  const train = Uint32Array.from(labels.keys()).filter((index) => labels[index]! >= 0 && !aside.has(index));
  return { train, validation };
}

type HowMany = (members: readonly number[], label: number) => number;

function perClass(labels: Int32Array, stream: number, seed: number, howMany: HowMany): Uint32Array {
  const classes = new Map<number, number[]>();
  for (const [index, label] of labels.entries()) {
    if (label < 0) continue;
    const members = classes.get(label);
    if (members === undefined) classes.set(label, [index]);
    else members.push(index);
  }
  if (classes.size === 0)
    throw new DifftapError("LABELS_MISMATCH", "no image has a label, so none can be taken per class");
  const taken = [...classes].flatMap(([label, members]) => {
    const shuffled = permutation({ seed, stream, index: label }, members.length);
    return [...shuffled.subarray(0, howMany(members, label))].map((place) => members[place]!);
  });
  return Uint32Array.from(taken).sort();
}

function checkWhole(name: string, value: number): void {
  if (Number.isInteger(value) && value > 0) return;
  throw new DifftapError("CONFIG_INVALID", `${name} is ${value}; it must be a whole number above 0`);
}

function checkFraction(fraction: number, most: number): void {
  if (fraction > 0 && fraction <= most) return;
  throw new DifftapError("CONFIG_INVALID", `a fraction of ${fraction}`, {
    hint:
      most === 1
        ? "write a number above 0 and up to 1, such as 0.01 for 1 %"
        : "write a number between 0 and 1, such as 0.1",
  });
}
