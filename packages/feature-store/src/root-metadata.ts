/** The root `zarr.json`: what the store is for, sealed by a digest so that a damaged one is noticed. */
import { DifftapError, sha256Hex, stableStringify } from "@difftap/core";
import { z } from "zod";
import { descriptionSchema, faultOf, type StoreDescription } from "./description.js";
import { groupMetadata } from "./layout.js";

/** Written into every store; another number is refused. */
const formatName = "difftap.features/1";

export interface RootMetadata {
  readonly description: StoreDescription;
  /** Every chunk was there when a writer finished. */
  readonly complete: boolean;
}

const rootSchema = z.looseObject({
  zarr_format: z.literal(3),
  node_type: z.literal("group"),
  attributes: z.strictObject({
    difftap: z.strictObject({
      format: z.string(),
      complete: z.boolean(),
      store: descriptionSchema,
      digest: z.string(),
    }),
  }),
});

/** The text of the root `zarr.json`; equal for equal descriptions, and without any time in it. */
export function rootText(description: StoreDescription, complete: boolean): string {
  const store = { ...description, attributes: description.attributes ?? {} };
  const sealed = { format: formatName, complete, store };
  return stableStringify(
    groupMetadata({ difftap: { ...sealed, digest: sha256Hex(stableStringify(sealed)) } }),
  );
}

/**
 * Reads the root `zarr.json` back.
 * @throws DifftapError STORE_CORRUPT when it is malformed or its digest does not fit; UNSUPPORTED for another format version.
 */
export function parseRoot(file: string, text: string): RootMetadata {
  const json = parseJson(file, text);
  refuseOtherFormat(file, json);
  const parsed = rootSchema.safeParse(json);
  if (!parsed.success) throw corrupt(file, parsed.error.issues[0]?.message ?? "malformed", parsed.error);
  const { digest, ...sealed } = parsed.data.attributes.difftap;
  if (sha256Hex(stableStringify(sealed)) !== digest)
    throw corrupt(file, "its digest does not match its content");
  const fault = faultOf(sealed.store);
  if (fault !== undefined) throw corrupt(file, fault);
  return { description: sealed.store, complete: sealed.complete };
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw corrupt(file, "it is not JSON", cause);
  }
}

function refuseOtherFormat(file: string, json: unknown): void {
  const format = z
    .object({
      attributes: z.object({ difftap: z.object({ format: z.string().regex(/^difftap\.features\/\d+$/) }) }),
    })
    .safeParse(json);
  const found = format.data?.attributes.difftap.format;
  if (found === undefined || found === formatName) return;
  throw new DifftapError(
    "UNSUPPORTED",
    `${file} is a store of format "${found}", this version reads "${formatName}"`,
    {
      hint: "read it with the version of difftap that wrote it, or extract again into another folder",
      details: { file, found, expected: formatName },
    },
  );
}

function corrupt(file: string, reason: string, cause?: unknown): DifftapError {
  return new DifftapError("STORE_CORRUPT", `${file} does not describe a feature store: ${reason}`, {
    hint: "delete the folder and extract again, or restore the file from a copy",
    details: { file, reason },
    cause,
  });
}
