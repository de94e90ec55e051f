/**
 * What the papers report, for orientation: ImageNet-1k, the 256-px model of 552.8 M parameters, other protocols.
 * Sources: arXiv 2311.17921 (tables and figures), arXiv 2307.08702.
 */

export interface PaperNumber {
  readonly name: string;
  readonly top1: number;
  readonly source: "arXiv 2311.17921" | "arXiv 2307.08702";
  /** The head by the registry's name, where it is one of ours. */
  readonly head?: string;
}

const later = (name: string, top1: number, head?: string): PaperNumber => ({
  name,
  top1,
  source: "arXiv 2311.17921",
  ...(head !== undefined && { head }),
});
const earlier = (name: string, top1: number, head: string): PaperNumber => ({
  name,
  top1,
  source: "arXiv 2307.08702",
  head,
});

/** What these numbers are, and are not. */
export const PAPER_HEADING = "Reported in arXiv 2311.17921, ImageNet, other protocol";
export const PAPER_CAUTION = "for orientation only: other data, a larger model, heads trained by SGD";

/** ImageNet top-1 of frozen features. */
export const paperNumbers: readonly PaperNumber[] = [
  later("linear, block 24, t = 150, pool 2", 64.9, "linear"),
  later("attention head, block 24, t = 150", 74.6, "attention"),
  later("DifFormer, blocks 19, 24, 30, t = 90, 150, 300", 76.0, "difformer"),
  later("DifFeed, block 24 in the second pass, t = 150", 77.0),
  later("supervised U-Net encoder", 64.3),
  later("MAE", 73.5),
  later("SwAV", 75.3),
  later("MAGE", 78.9),
  earlier("linear, pool 1", 61.95, "linear"),
  earlier("linear, pool 2", 64.96, "linear"),
  earlier("attention head", 71.89, "attention"),
];

/** How accuracy moved there (ImageNet, linear): the shape to look for, not the level. */
export const paperShapes: readonly {
  readonly name: string;
  readonly values: readonly (readonly [string, string])[];
}[] = [
  {
    name: "over t, at block 19",
    values: [
      ["10", "49.2"],
      ["30", "53.1"],
      ["90", "55.1"],
      ["150", "54.8"],
      ["300", "50.7"],
      ["500", "34.7"],
    ],
  },
  {
    name: "over blocks, at t = 150",
    values: [
      ["24", "highest"],
      ["30", "≈ 47"],
      ["33", "≈ 31"],
    ],
  },
  {
    name: "over pooling, at block 24",
    values: [
      ["1", "62.0"],
      ["2", "65.0"],
      ["4", "62.9"],
      ["8", "60.1"],
    ],
  },
];
