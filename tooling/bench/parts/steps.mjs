/**
 * Training steps in plain TensorFlow.js, the same for every engine: a transformer block (batch 32, 257 tokens, width 256, 8 heads), a 3×3
 * convolution (128 channels, 32×32, batch 16, forward and both gradients) and a small network of tf.layers.
 */

/** Numbers between −scale and scale, the same on every engine (a Lehmer generator). */
function numbers(length, seed, scale) {
  let state = seed * 7919 + 1;
  return Float32Array.from({ length }, () => {
    state = (state * 16807) % 2147483647;
    return (2 * (state / 2147483647) - 1) * scale;
  });
}

const tensor = (tf, shape, seed, scale) =>
  tf.tensor(
    numbers(
      shape.reduce((product, side) => product * side, 1),
      seed,
      scale,
    ),
    shape,
  );

/** Loss of a pre-norm block with a classifier on its first token, SGD with momentum. */
export function transformerStep(tf, { batch = 32, tokens = 257, width = 256, heads = 8, classes = 10 } = {}) {
  const variable = (shape, seed, scale) => tf.variable(tensor(tf, shape, seed, scale));
  const p = {
    qkv: variable([width, 3 * width], 1, 0.1),
    qkvBias: variable([3 * width], 2, 0.1),
    proj: variable([width, width], 3, 0.1),
    projBias: variable([width], 4, 0.1),
    up: variable([width, 4 * width], 5, 0.1),
    upBias: variable([4 * width], 6, 0.1),
    down: variable([4 * width, width], 7, 0.1),
    downBias: variable([width], 8, 0.1),
    gain1: variable([width], 9, 1),
    shift1: variable([width], 10, 0.1),
    gain2: variable([width], 11, 1),
    shift2: variable([width], 12, 0.1),
    head: variable([width, classes], 13, 0.1),
    headBias: variable([classes], 14, 0.1),
  };
  const x = tensor(tf, [batch * tokens, width], 15, 1);
  const labels = tf.keep(
    tf.oneHot(tf.tensor1d(Int32Array.from({ length: batch }, (_, i) => i % classes)), classes),
  );
  const norm = (value, gain, shift) => {
    const { mean, variance } = tf.moments(value, -1, true);
    return tf.add(tf.mul(tf.mul(tf.sub(value, mean), tf.rsqrt(tf.add(variance, 1e-5))), gain), shift);
  };
  const loss = () => {
    const qkv = tf.add(tf.matMul(norm(x, p.gain1, p.shift1), p.qkv), p.qkvBias);
    const split = tf.transpose(tf.reshape(qkv, [batch, tokens, 3, heads, width / heads]), [2, 0, 3, 1, 4]);
    const [q, k, v] = tf.unstack(split, 0);
    const weights = tf.softmax(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(width / heads)));
    const attended = tf.reshape(tf.transpose(tf.matMul(weights, v), [0, 2, 1, 3]), [batch * tokens, width]);
    const middle = tf.add(x, tf.add(tf.matMul(attended, p.proj), p.projBias));
    const hidden = tf.relu(tf.add(tf.matMul(norm(middle, p.gain2, p.shift2), p.up), p.upBias));
    const out = tf.add(middle, tf.add(tf.matMul(hidden, p.down), p.downBias));
    const first = tf.reshape(tf.slice(tf.reshape(out, [batch, tokens, width]), [0, 0, 0], [-1, 1, -1]), [
      batch,
      width,
    ]);
    return tf.losses.softmaxCrossEntropy(labels, tf.add(tf.matMul(first, p.head), p.headBias));
  };
  const optimizer = tf.train.momentum(0.05, 0.9);
  const block = 2 * batch * tokens * width * (12 * width + 2 * tokens);
  return {
    // Forward once, backward twice; nothing asks for the gradient of the input.
    gigaflop: (3 * block - 2 * batch * tokens * width * 3 * width) / 1e9,
    async run() {
      const value = optimizer.minimize(loss, true, Object.values(p));
      const [number] = await value.data();
      value.dispose();
      return number;
    },
  };
}

/** y = conv(x, w), the gradients of sum(y·g) for x and w, and one number of each read. */
export function convolutionStep(tf, { batch = 16, channels = 128, side = 32 } = {}) {
  const x = tensor(tf, [batch, side, side, channels], 1, 1);
  const w = tensor(tf, [3, 3, channels, channels], 2, 0.1);
  const g = tensor(tf, [batch, side, side, channels], 3, 1);
  const gradients = tf.grads((a, b) => tf.conv2d(a, b, 1, "same"));
  return {
    gigaflop: (3 * 2 * batch * side * side * channels * channels * 9) / 1e9,
    async run() {
      const [dx, dw] = gradients([x, w], g);
      const ends = tf.tidy(() => tf.stack([tf.max(dx), tf.max(dw)]));
      const numbersRead = await ends.data();
      tf.dispose([dx, dw, ends]);
      return numbersRead[0];
    },
  };
}

/** An epoch of `fit` over 256 images 32×32: convolutions, batch normalisation, pools, dense; batch 32. */
export function layersEpoch(tf, layers) {
  const { conv2d, batchNormalization, activation, maxPooling2d, flatten, dense } = layers.layers;
  const model = layers.sequential({
    layers: [
      conv2d({ inputShape: [32, 32, 3], filters: 32, kernelSize: 3, padding: "same", useBias: false }),
      batchNormalization(),
      activation({ activation: "relu" }),
      maxPooling2d({ poolSize: 2 }),
      conv2d({ filters: 64, kernelSize: 3, padding: "same", useBias: false }),
      batchNormalization(),
      activation({ activation: "relu" }),
      maxPooling2d({ poolSize: 2 }),
      flatten(),
      dense({ units: 10, activation: "softmax" }),
    ],
  });
  model.compile({ optimizer: tf.train.sgd(0.01), loss: "categoricalCrossentropy" });
  const x = tensor(tf, [256, 32, 32, 3], 1, 1);
  const y = tf.keep(tf.oneHot(tf.tensor1d(Int32Array.from({ length: 256 }, (_, i) => i % 10)), 10));
  return {
    async run() {
      const { history } = await model.fit(x, y, {
        batchSize: 32,
        epochs: 1,
        shuffle: false,
        verbose: 0,
        yieldEvery: "never",
      });
      return Number(history.loss[0]);
    },
  };
}
