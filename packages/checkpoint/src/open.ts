/**
 * Opens a checkpoint, whatever it is, by its content.
 *
 * ```ts
 * import { openWeights } from "@difftap/checkpoint";
 *
 * const weights = await openWeights("256x256_diffusion_uncond.pt");
 * console.log(weights.tensors.size);
 * const array = await weights.read("time_embed.0.weight"); // reads this tensor's bytes only
 * await weights.close();
 * ```
 */
import { openRandomAccess, type RandomAccessFile } from "./random-access-file.js";
import { refusal } from "./refuse.js";
import { openSafetensors } from "./safetensors/read.js";
import { openTorchLegacy } from "./torch/legacy-format.js";
import { openTorchZip } from "./torch/zip-format.js";
import type { OpenOptions, WeightSource } from "./weights.js";
import { sourceWithin } from "./within.js";

const SNIFFED_BYTES = 16;
const PICKLE_PROTOCOL = 0x80;
const BRACE = 0x7b;

/**
 * `.pt` (zip or legacy) or `.safetensors`, told apart by content. Nothing in the file is ever executed.
 * @throws DifftapError USAGE_INVALID (nothing lies `within`), FILE_MISSING, READ_FAILED, CHECKPOINT_REFUSED (malformed, hostile, truncated), UNSUPPORTED (a dtype or byte order we do not hold).
 */
export async function openWeights(path: string, options: OpenOptions = {}): Promise<WeightSource> {
  const file = await openRandomAccess(path, options.onRead);
  try {
    const source = await openByContent(file, options.within === undefined);
    return options.within === undefined ? source : sourceWithin(source, options.within);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openByContent(file: RandomAccessFile, unwrap: boolean): Promise<WeightSource> {
  const start = await file.read(0, Math.min(SNIFFED_BYTES, file.size), "the first bytes");
  if (start.length === 0) throw refusal(file.path, "is empty (0 bytes)");
  if (start[8] === BRACE) return openSafetensors(file);
  const text = new TextDecoder("latin1").decode(start);
  if (text.startsWith("PK")) return openTorchZip(file, unwrap);
  if (start[0] === PICKLE_PROTOCOL) return openTorchLegacy(file, unwrap);
  throw refusal(file.path, `is neither a PyTorch nor a safetensors checkpoint: it ${describe(text, file)}`);
}

function describe(text: string, file: RandomAccessFile): string {
  if (text.trimStart().startsWith("<")) return "begins like a web page, so the download probably failed";
  if (text.startsWith("version https:/")) return "is a Git LFS pointer, the weights were not fetched";
  if (file.size < SNIFFED_BYTES) return `has only ${file.size} bytes`;
  return `begins with ${JSON.stringify(text)}`;
}
