/** Variables of .mat files, of the type that is expected of them. */
import { DifftapError } from "@difftap/core";
import type { MatValue } from "../files/mat.js";

type Fields = ReadonlyMap<string, MatValue>;

/** @throws DifftapError DATA_REFUSED when there are none of that name */
export function numbersIn(fields: Fields, name: string, source: string): ArrayLike<number> {
  const value = fields.get(name);
  if (value?.kind === "numbers") return value.data;
  throw unexpected(source, name, "numbers", value);
}

/** @throws DifftapError DATA_REFUSED when there is none of that name */
export function textIn(fields: Fields, name: string, source: string): string {
  const value = fields.get(name);
  if (value?.kind === "text") return value.text;
  throw unexpected(source, name, "text", value);
}

/** @throws DifftapError DATA_REFUSED when there are none of that name */
export function textsIn(fields: Fields, name: string, source: string): string[] {
  const value = fields.get(name);
  if (value?.kind !== "cells") throw unexpected(source, name, "cells of text", value);
  return value.cells.map((cell) => {
    if (cell.kind === "text") return cell.text;
    throw unexpected(source, name, "cells of text", cell);
  });
}

/** @throws DifftapError DATA_REFUSED when there are none of that name */
export function structsIn(fields: Fields, name: string, source: string): readonly Fields[] {
  const value = fields.get(name);
  if (value?.kind === "structs") return value.structs;
  throw unexpected(source, name, "structs", value);
}

function unexpected(
  source: string,
  name: string,
  expected: string,
  value: MatValue | undefined,
): DifftapError {
  const seen = value === undefined ? "is not there" : `is of kind ${value.kind}`;
  return new DifftapError("DATA_REFUSED", `${source}: ${name} ${seen}, expected ${expected}`, {
    hint: "is it the file of that name from the published archive?",
    details: { source, name },
  });
}
