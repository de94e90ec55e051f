/** A small generated network and image files, so that commands run in seconds and without any download. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { architectureFromFlags, randomWeights } from "@difftap/backbone";
import { copyToSafetensors } from "@difftap/checkpoint";

export const bin = resolve(import.meta.dirname, "../dist/bin.js");

export const flags = {
  image_size: 16,
  num_channels: 32,
  num_res_blocks: 1,
  channel_mult: "1,2",
  attention_resolutions: "8",
  num_heads: 2,
  learn_sigma: true,
  use_scale_shift_norm: true,
};
export const diffusion = { diffusion_steps: 1000, noise_schedule: "linear", rescale_timesteps: false };
export const smallArchitecture = architectureFromFlags({ flags, diffusion });

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the built command as a user would. */
export function run(...argv: string[]): Outcome {
  return runIn({}, ...argv);
}

/** Runs the built command with further environment variables. */
export function runIn(environment: Record<string, string>, ...argv: string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...argv], {
    encoding: "utf8",
    timeout: 120_000,
    env: { ...process.env, ...environment },
  });
  return { code: status, out: stdout, err: stderr };
}

/** A folder with `model.safetensors` and `model.json` beside it. */
export async function smallModel(): Promise<{ folder: string; weights: string }> {
  const folder = mkdtempSync(join(tmpdir(), "difftap-eval-"));
  const weights = join(folder, "model.safetensors");
  await copyToSafetensors(randomWeights(smallArchitecture, 1, { zeroModules: "random" }), weights);
  writeFileSync(join(folder, "model.json"), JSON.stringify({ flags, diffusion }));
  return { folder, weights };
}

/** Writes a file below a folder and gives its path. */
export function put(folder: string, name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  mkdirSync(resolve(path, ".."), { recursive: true });
  writeFileSync(path, bytes);
  return path;
}

/** One tar header block (ustar) and its padded content. */
export function tarEntry(name: string, content: Uint8Array, type = "0", link = ""): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write("0000644\0", 100);
  header.write("0000000\0", 108);
  header.write("0000000\0", 116);
  header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write("00000000000\0", 136);
  header.write("        ", 148);
  header.write(type, 156);
  header.write(link, 157);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

export const tarEnd = Buffer.alloc(1024);
