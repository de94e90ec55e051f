/** Kinds of values that the settings of heads take, from a flag as from a file. */
import { finiteNumber } from "@difftap/command-line";
import { DifftapError } from "@difftap/core";
import { z } from "zod";

/** A name, or an object: JSON in a flag, plain YAML in a file. */
export const nameOrObject = () => z.union([z.string().min(1), z.record(z.string(), z.unknown())]);

/** 0 or more; nothing unless given. */
export const optionalAmount = () => finiteNumber(0).optional();

/** "adamw" stands for { kind: "adamw" }. */
export function named(flag: string, value: string | Record<string, unknown>): Record<string, unknown> {
  if (typeof value !== "string") return value;
  return value.startsWith("{") ? jsonObject(flag, value) : { kind: value };
}

/** @throws DifftapError CONFIG_INVALID for text that is no JSON object. */
export function jsonObject(flag: string, value: string | Record<string, unknown>): Record<string, unknown> {
  if (typeof value !== "string") return value;
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(value));
  } catch (cause) {
    throw new DifftapError("CONFIG_INVALID", `--${flag} is no JSON object: ${value}`, {
      hint: `write it like '{"pool":2}'`,
      cause,
    });
  }
}
