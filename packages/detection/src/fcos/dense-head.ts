/**
 * What FCOS predicts at every location (Tian et al., 2019, arXiv 1904.01355; journal version arXiv 2006.09214): two towers that all levels
 * share, class from one, distances and quality from the other, distances scaled by a learned number per level.
 */
import {
  type Convolution,
  constantVariable,
  createConvolution,
  joinParameters,
  type Parameters,
} from "@difftap/heads";
import * as tf from "@tensorflow/tfjs-core";
import { BOX_NUMBERS } from "../boxes.js";
import { createTower } from "../layers/tower.js";

export interface DenseHeadSize {
  readonly width: number;
  readonly layers: number;
  readonly groups: number;
  readonly classes: number;
  /** Of each level, fine to coarse. */
  readonly strides: readonly number[];
  readonly prior: number;
  /** Numbers per location that make an object's mask; 0: none. */
  readonly filters: number;
  readonly seed: number | bigint;
}

/** Locations go level after level, fine to coarse, rows first. */
export interface DenseOutput {
  /** [N, locations, classes]. */
  readonly logits: tf.Tensor3D;
  /** [N, locations, 4]: pixels to the left, top, right and bottom side; above 0. */
  readonly distances: tf.Tensor3D;
  /** [N, locations], logits. */
  readonly quality: tf.Tensor2D;
  /** [N, locations, filters]. */
  readonly filters: tf.Tensor3D | undefined;
}

export interface DenseHead extends Parameters {
  /** One map [N, H, W, width] per level. */
  forward(pyramid: readonly tf.Tensor4D[]): DenseOutput;
}

/** A distance is its level's stride times e to this at most: a float32 is far from its end there, and no image as large. */
const LARGEST_EXPONENT = 8;

/** `class_tower…`, `box_tower…`, `class`, `box`, `quality`, `filters` and `scale.LEVEL`. */
export function createDenseHead(size: DenseHeadSize): DenseHead {
  const { width, classes, strides, filters } = size;
  const towers = { class: createTower("class_tower", size), box: createTower("box_tower", size) };
  const predictor = (name: string, outputs: number) =>
    createConvolution(name, { inputs: width, outputs, kernel: 3, stride: 1, bias: true, seed: size.seed });
  const predict = {
    class: startAt(size.prior, predictor("class", classes), "class.bias"),
    box: predictor("box", BOX_NUMBERS),
    quality: predictor("quality", 1),
    ...(filters > 0 && { filters: predictor("filters", filters) }),
  };
  const scales = strides.map(() => constantVariable([1], 1));
  const level = (map: tf.Tensor4D, index: number) => {
    const [classified, boxed] = [towers.class.forward(map), towers.box.forward(map)];
    const exponents = tf.mul(rows(predict.box.forward(boxed)), scales[index]!);
    const limited = tf.clipByValue(exponents, -LARGEST_EXPONENT, LARGEST_EXPONENT);
    return {
      logits: rows(predict.class.forward(classified)),
      distances: tf.mul(tf.exp(limited), strides[index]!) as tf.Tensor3D,
      quality: rows(predict.quality.forward(boxed)),
      filters: predict.filters && rows(predict.filters.forward(boxed)),
    };
  };
  const scaling = new Map(scales.map((scale, index) => [`scale.${index}`, scale]));
  return {
    ...joinParameters(towers.class, towers.box, ...Object.values(predict), { variables: scaling }),
    forward(pyramid) {
      const levels = pyramid.map(level);
      const quality = tf.concat(
        levels.map((each) => each.quality),
        1,
      );
      return {
        logits: tf.concat(
          levels.map((each) => each.logits),
          1,
        ),
        distances: tf.concat(
          levels.map((each) => each.distances),
          1,
        ),
        quality: tf.squeeze(quality, [2]),
        filters:
          predict.filters &&
          tf.concat(
            levels.map((each) => each.filters!),
            1,
          ),
      };
    },
  };
}

/** [N, H, W, C] → [N, H·W, C]. */
function rows(map: tf.Tensor4D): tf.Tensor3D {
  const [batch, height, width, channels] = map.shape;
  return tf.reshape(map, [batch, height * width, channels]);
}

/** A bias with which every class begins at that probability: else the many background locations drown the first steps. */
function startAt(probability: number, convolution: Convolution, bias: string): Convolution {
  const variable = convolution.variables.get(bias)!;
  const logit = Math.log(probability / (1 - probability));
  tf.tidy(() => variable.assign(tf.fill(variable.shape, logit)));
  return convolution;
}
