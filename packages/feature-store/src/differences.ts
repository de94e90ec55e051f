/** Which fields of two descriptions differ, named so that a person finds them. */
import { DifftapError } from "@difftap/core";
import type { StoreDescription } from "./description.js";

/** One differing field: its dotted path and both values (undefined = absent). */
export interface Difference {
  readonly path: string;
  readonly stored: unknown;
  readonly asked: unknown;
}

const isContainer = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

/** Every leaf at which two JSON values differ, in order of path. */
function differences(stored: unknown, asked: unknown, path = ""): Difference[] {
  if (Object.is(stored, asked)) return [];
  if (!isContainer(stored) || !isContainer(asked) || Array.isArray(stored) !== Array.isArray(asked)) {
    return [{ path, stored, asked }];
  }
  const keys = [...new Set([...Object.keys(stored), ...Object.keys(asked)])];
  return keys.flatMap((key) => differences(stored[key], asked[key], path === "" ? key : `${path}.${key}`));
}

/** @throws DifftapError STORE_MISMATCH listing every differing field, when the store was made for something else. */
export function refuseMismatch(file: string, stored: StoreDescription, asked: StoreDescription): void {
  const found = differences(comparable(stored), comparable(asked));
  if (found.length === 0) return;
  // The hash differs whenever a field of the request does; alone it is worth saying.
  const telling = found.length > 1 ? found.filter(({ path }) => path !== "requestHash") : found;
  const lines = telling.map(
    (one) => `  ${one.path}: the store has ${show(one.stored)}, asked for ${show(one.asked)}`,
  );
  throw new DifftapError("STORE_MISMATCH", `${file} belongs to another request:\n${lines.join("\n")}`, {
    hint: "give another folder, or ask for what the store holds",
    details: { file, differences: telling },
  });
}

const comparable = ({ attributes: _, ...compared }: StoreDescription) =>
  JSON.parse(JSON.stringify(compared)) as unknown;

const show = (value: unknown) => (value === undefined ? "nothing" : JSON.stringify(value));
