/** The name of weights that are in no file: a hash over every tensor. */
import { createHash } from "node:crypto";
import type { WeightSource } from "@difftap/checkpoint";
import { bytesOf } from "@difftap/core";

/** sha256, hexadecimal, over name, dtype, shape and bytes of all tensors in the order of their names. */
export async function contentDigest(source: WeightSource): Promise<string> {
  const hash = createHash("sha256");
  for (const name of [...source.tensors.keys()].sort()) {
    const tensor = await source.read(name);
    hash.update(`${name}\n${tensor.dtype}\n${tensor.shape.join()}\n`);
    hash.update(bytesOf(tensor));
  }
  return hash.digest("hex");
}
