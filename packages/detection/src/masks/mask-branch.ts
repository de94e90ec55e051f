/**
 * Masks by conditional convolutions (CondInst: Tian et al., 2020, arXiv 2003.05664). One small map of mask features serves all objects; each
 * object's location predicts the weights of three 1×1 convolutions that turn these features, and where each cell lies from the location,
 * into its mask. No crops: matrix products only, on a map of any size.
 */
import { createConvolution, joinParameters, type Parameters, resizeBilinear } from "@difftap/heads";
import * as tf from "@tensorflow/tfjs-core";
import { createTower } from "../layers/tower.js";
import { placesOf } from "../pyramid.js";

export interface MaskBranchSize {
  /** Of the finest level. */
  readonly width: number;
  readonly stride: number;
  /** Convolutions before the mask features. */
  readonly layers: number;
  readonly groups: number;
  /** Of the mask features and the objects' layers. */
  readonly channels: number;
  readonly upsample: number;
  readonly seed: number | bigint;
}

export interface MaskBranch extends Parameters {
  /** Numbers an object's filters are made of. */
  readonly filters: number;
  /** The finest level [N, H, W, width] → mask features [N, H, W, channels]. */
  features(finest: tf.Tensor4D): tf.Tensor4D;
  /**
   * Mask logits [N, objects, H·upsample, W·upsample].
   * @param filters [N, objects, filters]
   * @param places [N, objects, 3]: x, y and stride of each one's location
   */
  logits(features: tf.Tensor4D, filters: tf.Tensor3D, places: tf.Tensor3D): tf.Tensor4D;
}

/** x and y of a cell, as seen from the location. */
const COORDINATES = 2;

/** What a location's coordinates are divided by, in strides: the size of the objects its level is for, as published. */
const COORDINATE_STRIDES = 8;

/** `masks.tower…` and `masks.features` [channels, width, 1, 1]. */
export function createMaskBranch(size: MaskBranchSize): MaskBranch {
  const { width, stride, channels, upsample, seed } = size;
  const tower = createTower("masks.tower", size);
  const projection = { inputs: width, outputs: channels, kernel: 1, stride: 1, bias: true, seed };
  const project = createConvolution("masks.features", projection);
  return {
    ...joinParameters(tower, project),
    filters: layerSizes(channels).reduce((sum, { inputs, outputs }) => sum + (inputs + 1) * outputs, 0),
    features: (finest) => project.forward(tower.forward(finest)),
    logits(features, filters, places) {
      const [, height, columns] = features.shape;
      const [own, ...rest] = layersOf(filters, channels);
      const first = relativeTo(places, own!);
      const cells = withCoordinates(features, stride);
      const logits = rest.reduce<tf.Tensor>(
        (values, { weight, bias }) => tf.add(tf.matMul(weight, tf.relu(values)), bias),
        firstLayer(cells, first),
      );
      const [batch, objects] = filters.shape;
      const maps: tf.Tensor4D = tf.reshape(logits, [batch, objects, height, columns]);
      return resizeBilinear(maps, { height: height * upsample, width: columns * upsample });
    },
  };
}

/** Of every object: weight [N, objects, outputs, inputs], bias [N, objects, outputs, 1]. */
interface ObjectLayer {
  readonly weight: tf.Tensor4D;
  readonly bias: tf.Tensor4D;
}

function layerSizes(channels: number) {
  return [
    { inputs: COORDINATES + channels, outputs: channels },
    { inputs: channels, outputs: channels },
    { inputs: channels, outputs: 1 },
  ];
}

/** As in the authors' code: the weights of all layers, then all biases. */
function layersOf(filters: tf.Tensor3D, channels: number): ObjectLayer[] {
  const [batch, objects] = filters.shape;
  const sizes = layerSizes(channels);
  const lengths = [
    ...sizes.map(({ inputs, outputs }) => inputs * outputs),
    ...sizes.map(({ outputs }) => outputs),
  ];
  const parts = tf.split(filters, lengths, 2);
  return sizes.map(({ inputs, outputs }, index) => ({
    weight: tf.reshape(parts[index]!, [batch, objects, outputs, inputs]),
    bias: tf.reshape(parts[sizes.length + index]!, [batch, objects, outputs, 1]),
  }));
}

/**
 * A layer on (location − cell) / size as one on the cell itself: the weights of the coordinates are divided and negated, what the location
 * adds goes into the bias. So all objects share their inputs, and the layer is one matrix product.
 */
function relativeTo(places: tf.Tensor3D, { weight, bias }: ObjectLayer): ObjectLayer {
  const [batch, objects, outputs, inputs] = weight.shape;
  const [toCoordinates, toFeatures] = tf.split(weight, [COORDINATES, inputs - COORDINATES], 3);
  const [locations, strides] = tf.split(places, [COORDINATES, 1], 2);
  const size = tf.mul(tf.reshape(strides!, [batch, objects, 1, 1]), COORDINATE_STRIDES);
  const scaled = tf.div(toCoordinates!, size) as tf.Tensor4D;
  const own = tf.matMul(scaled, tf.reshape(locations!, [batch, objects, COORDINATES, 1]));
  return {
    weight: tf.concat([tf.neg(scaled), toFeatures as tf.Tensor4D], 3),
    bias: tf.reshape(tf.add(bias, own), [batch, objects, outputs, 1]),
  };
}

/** Mask features [N, H, W, channels] → [N, H·W, 2 + channels]: x and y of each cell in pixels before them. */
function withCoordinates(features: tf.Tensor4D, stride: number): tf.Tensor3D {
  const [batch, height, width, channels] = features.shape;
  const cells = height * width;
  const places = tf.tensor2d(placesOf([{ stride, height, width }]), [cells, COORDINATES + 1]);
  const coordinates = tf.slice(places, [0, 0], [cells, COORDINATES]);
  const everywhere = tf.add(tf.zeros([batch, 1, 1]), tf.expandDims(coordinates, 0)) as tf.Tensor3D;
  return tf.concat([everywhere, tf.reshape(features, [batch, cells, channels])], 2);
}

/** [N, cells, inputs] through every object's first layer → [N, objects, outputs, cells]. */
function firstLayer(cells: tf.Tensor3D, { weight, bias }: ObjectLayer): tf.Tensor4D {
  const [batch, objects, outputs, inputs] = weight.shape;
  const joined = tf.reshape(weight, [batch, objects * outputs, inputs]) as tf.Tensor3D;
  const values = tf.matMul(joined, cells, false, true);
  return tf.add(tf.reshape(values, [batch, objects, outputs, cells.shape[1]]), bias) as tf.Tensor4D;
}
