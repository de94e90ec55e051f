/** Values as they come from a flag (text) or a YAML file (already typed). */
import { z } from "zod";

/** Longest list a range such as 1-900 may stand for; a longer one is a slip of the fingers. */
const MAX_RANGE_LENGTH = 10_000;

const asNumber = (value: unknown) =>
  typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value)) ? Number(value) : value;

/** A whole number, at least `minimum`. */
export const wholeNumber = (minimum = 0) =>
  z.preprocess(
    asNumber,
    z.int("takes a whole number").min(minimum, `takes a whole number of at least ${minimum}`),
  );

/** A finite number, at least `minimum`. */
export const finiteNumber = (minimum = Number.NEGATIVE_INFINITY) =>
  z.preprocess(asNumber, z.number("takes a number").min(minimum, `takes a number of at least ${minimum}`));

/** True for a bare flag; YAML gives true or false. */
export const toggle = () =>
  z.preprocess(
    (value) => (value === "true" ? true : value === "false" ? false : value),
    z.boolean("takes true or false"),
  );

/** "10,50,200", "1-6,9" or a YAML list of numbers: whole numbers in the order given. */
export const wholeNumbers = () =>
  z.unknown().transform((value, context): number[] => {
    try {
      return (Array.isArray(value) ? value : [value]).flatMap((part) =>
        String(part).split(",").flatMap(expandRange),
      );
    } catch (error) {
      context.addIssue({ code: "custom", message: (error as Error).message });
      return z.NEVER;
    }
  });

/** "0.1,0.01" or a YAML list of numbers above 0. */
export const positiveNumbers = () =>
  z.preprocess(
    (value) => (typeof value === "string" ? value.split(",").map(Number) : [value].flat()),
    z.array(z.number("takes numbers such as 0.1 or 0.1,0.01").positive()).min(1),
  );

/** Comma-separated words, or a YAML list. */
export const words = () =>
  z.union([z.array(z.string()), z.string()]).transform((value) => {
    const parts = typeof value === "string" ? value.split(",") : value;
    return parts.map((word) => word.trim()).filter((word) => word !== "");
  });

function expandRange(part: string): number[] {
  const match = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part);
  if (match === null)
    throw new Error(`takes whole numbers and ranges such as 1-6,9; "${part.trim()}" is neither`);
  const first = Number(match[1]);
  const length = Number(match[2] ?? match[1]) - first + 1;
  if (length < 1 || length > MAX_RANGE_LENGTH)
    throw new Error(`the range ${part.trim()} runs backwards or is too long`);
  return Array.from({ length }, (_, offset) => first + offset);
}
