/**
 * The published files: their architectures, and where they are to be had. Nothing here downloads.
 *
 * ```ts
 * import { presetFor } from "@difftap/backbone";
 *
 * presetFor("models/256x256_diffusion_uncond.pt")?.architecture.imageSize; // 256
 * ```
 *
 * Source: guided-diffusion, README.md ("Download pre-trained models", "Sampling from pre-trained models").
 */
import type { Architecture } from "./architecture.js";
import { type ClassifierArchitecture, parseClassifier } from "./classifier-architecture.js";
import { classifierParameterShapes } from "./classifier-parameters.js";
import { architectureFromFlags } from "./flags.js";
import { countParameters, parameterCount } from "./parameters.js";

/** Where all published files lie. */
const PUBLISHED_PREFIX = "https://openaipublic.blob.core.windows.net/diffusion/jul-2021/";

/** A file that was published, whether or not it is a diffusion model. */
export interface PublishedFile {
  readonly file: string;
  readonly url: string;
  readonly kind: "diffusion" | "classifier" | "upsampler";
}

/** A published network. */
interface PublishedNetwork<A> {
  /** The file's name without its extension. */
  readonly name: string;
  readonly file: string;
  readonly url: string;
  readonly description: string;
  /** Parameters, counted from the architecture; the file stores each in 4 bytes. */
  readonly parameters: number;
  readonly architecture: A;
}

/** A published diffusion model. */
export type Preset = PublishedNetwork<Architecture>;

/** A published noisy classifier. */
export type ClassifierPreset = PublishedNetwork<ClassifierArchitecture>;

const COMMON = {
  attention_resolutions: "32,16,8",
  learn_sigma: true,
  num_channels: 256,
  num_res_blocks: 2,
  resblock_updown: true,
  use_scale_shift_norm: true,
};
const HEADS_OF_64 = { ...COMMON, num_head_channels: 64 };
const LSUN = { ...HEADS_OF_64, image_size: 256, dropout: 0.1 };

function preset(
  name: string,
  description: string,
  flags: Record<string, unknown>,
  schedule = "linear",
): Preset {
  const file = `${name}.pt`;
  const diffusion = { diffusion_steps: 1000, noise_schedule: schedule, rescale_timesteps: false };
  const architecture = architectureFromFlags({ flags, diffusion });
  const parameters = parameterCount(architecture);
  return { name, file, url: PUBLISHED_PREFIX + file, description, parameters, architecture };
}

const IMAGENET_64 = {
  ...HEADS_OF_64,
  image_size: 64,
  num_channels: 192,
  num_res_blocks: 3,
  dropout: 0.1,
  class_cond: true,
  use_new_attention_order: true,
};

const list: readonly Preset[] = [
  preset("256x256_diffusion_uncond", "ImageNet, unconditional, 256 px: the paper's", {
    ...HEADS_OF_64,
    image_size: 256,
  }),
  preset("lsun_bedroom", "LSUN bedroom, unconditional, 256 px", LSUN),
  preset("lsun_cat", "LSUN cat, unconditional, 256 px", LSUN),
  preset("lsun_horse", "LSUN horse, unconditional, 256 px", LSUN),
  preset("lsun_horse_nodropout", "LSUN horse, unconditional, 256 px, no dropout", { ...LSUN, dropout: 0 }),
  preset("64x64_diffusion", "ImageNet, class-conditional, 64 px", IMAGENET_64, "cosine"),
  preset("128x128_diffusion", "ImageNet, class-conditional, 128 px", {
    ...COMMON,
    image_size: 128,
    num_heads: 4,
    class_cond: true,
  }),
  preset("256x256_diffusion", "ImageNet, class-conditional, 256 px", {
    ...HEADS_OF_64,
    image_size: 256,
    class_cond: true,
  }),
  preset("512x512_diffusion", "ImageNet, class-conditional, 512 px", {
    ...HEADS_OF_64,
    image_size: 512,
    class_cond: true,
  }),
];

/** Every published diffusion model, by name. The code was published under the MIT licence; see its model card for use. */
export const presets: Readonly<Record<string, Preset>> = Object.fromEntries(
  list.map((entry) => [entry.name, entry]),
);

function classifierPreset(imageSize: number, depth: number): ClassifierPreset {
  const name = `${imageSize}x${imageSize}_classifier`;
  const file = `${name}.pt`;
  const architecture = parseClassifier({ image_size: imageSize, classifier_depth: depth });
  const parameters = countParameters(classifierParameterShapes(architecture));
  const description = `ImageNet classifier of noisy images, ${imageSize} px`;
  return { name, file, url: PUBLISHED_PREFIX + file, description, parameters, architecture };
}

const classifierList = [
  classifierPreset(64, 4),
  classifierPreset(128, 2),
  classifierPreset(256, 2),
  classifierPreset(512, 2),
];

/** Every published noisy classifier, by name. */
export const classifierPresets: Readonly<Record<string, ClassifierPreset>> = Object.fromEntries(
  classifierList.map((entry) => [entry.name, entry]),
);

function published(kind: PublishedFile["kind"], names: readonly string[]): PublishedFile[] {
  return names.map((name) => ({ file: `${name}.pt`, url: `${PUBLISHED_PREFIX}${name}.pt`, kind }));
}

/** Every published file, those that are no diffusion model included. */
export const publishedFiles: readonly PublishedFile[] = [
  ...published("diffusion", Object.keys(presets)),
  ...published("classifier", Object.keys(classifierPresets)),
  ...published("upsampler", ["64_256_upsampler", "128_512_upsampler"]),
];

/** The preset of a published diffusion model, by its name, file name or path; undefined for any other. */
export function presetFor(path: string): Preset | undefined {
  const name = baseName(path).replace(/\.(pt|safetensors)$/, "");
  return Object.hasOwn(presets, name) ? presets[name] : undefined;
}

/** The last part of a path, with either separator. */
export function baseName(path: string): string {
  return path.split(/[\\/]/).at(-1)!;
}
