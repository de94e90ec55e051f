/** The reference figures beside the repository, where they are. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type NdArray, ndarray } from "@difftap/core";
import type { CocoFile, CocoResult } from "./coco.js";

const beside = fileURLToPath(new URL("../../../../shared/fixtures/", import.meta.url));
const folder = `${process.env.DIFFTAP_FIXTURES ?? beside}/metrics`;

export const fixturesMissing = !existsSync(`${folder}/arrays.safetensors`);

export interface Expected {
  segmentation: {
    confusion: number[][];
    ignore_index: number;
    iou: number[];
    mIoU: number;
    pixel_accuracy: number;
    mean_class_accuracy: number;
    frequency_weighted_iou: number;
  };
  cka: { linear_XY: number; linear_XZ: number; unbiased_XY: number; unbiased_XZ: number };
  frechet: number;
  kernel_distance_cubic: number;
  knn_weighted_T007: Record<string, number>;
  logistic_regression: Record<string, { top1: number; logits_first_row: number[]; weights_norm: number }>;
}

export function readExpected(): Expected {
  return JSON.parse(readFileSync(`${folder}/expected.json`, "utf8"));
}

/** One tensor of a safetensors file: an 8-byte header length, a JSON header, the data. */
function tensorBytes(name: string): { shape: number[]; bytes: ArrayBuffer } {
  const file = readFileSync(`${folder}/arrays.safetensors`);
  const headerLength = Number(file.readBigUInt64LE(0));
  const { shape, data_offsets } = JSON.parse(file.toString("utf8", 8, 8 + headerLength))[name];
  const [start, end] = data_offsets.map((offset: number) => offset + 8 + headerLength);
  return { shape, bytes: new Uint8Array(file.subarray(start, end)).slice().buffer };
}

export function readFloat64(name: string): NdArray<"float64"> {
  const { shape, bytes } = tensorBytes(name);
  return ndarray("float64", shape, new Float64Array(bytes));
}

export function readLabels(name: string): Int32Array {
  return Int32Array.from(new BigInt64Array(tensorBytes(name).bytes), Number);
}

export function readBytes(name: string): Int32Array {
  return Int32Array.from(new Uint8Array(tensorBytes(name).bytes));
}

export interface CocoExpected {
  readonly stats: Readonly<Record<string, number>>;
  readonly AP_per_class: Readonly<Record<string, number>>;
}

export function readCoco(): {
  groundTruth: CocoFile;
  detections: CocoResult[];
  expected: Record<string, CocoExpected>;
} {
  const read = (name: string) => JSON.parse(readFileSync(`${folder}/coco-${name}.json`, "utf8"));
  return { groundTruth: read("ground-truth"), detections: read("detections"), expected: read("expected") };
}
