/** Loads @tensorflow/tfjs-node or -gpu, optional peers, from the user's project, onto the core that everything here shares. */
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { DifftapError } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";
import { explainAddon } from "./explain.js";
import { withOneCore } from "./one-core.js";
import { shareTensors } from "./shared-tensors.js";

/** Both packages register their backend under this name, so a process runs one of them. */
const backendName = "tensorflow";

export interface NativeBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: { readonly TF_Version: string };
}

/** Path of the package that this process has loaded. */
let loaded: string | undefined;

/** Why a package was withdrawn, by its path: Node loads it once, so a second try would find less. */
const refused = new Map<string, DifftapError>();

/**
 * Loads the package, makes its backend current and multiplies once; again when it runs already.
 * @param accepts throws when the backend that started is not good enough.
 * @throws DifftapError ENGINE_MISSING with the reason in words; then nothing of the backend stays registered.
 */
export async function startAddon(
  packageName: string,
  from: string,
  accepts: (backend: NativeBackend) => void = () => {},
): Promise<NativeBackend> {
  const path = resolveAddon(packageName, from);
  if (loaded !== undefined && loaded !== path) throw oneAtATime(packageName, loaded);
  if (refused.has(path)) throw refused.get(path)!;
  try {
    load(path);
    const backend = await tryBackend();
    accepts(backend);
    if (loaded === undefined) shareTensors(backendName);
    loaded = path;
    return backend;
  } catch (cause) {
    withdraw();
    refused.set(path, explainAddon(cause, { packageName, from: resolve(from), node: process.versions.node }));
    throw refused.get(path)!;
  }
}

function resolveAddon(packageName: string, from: string): string {
  try {
    return createRequire(resolve(from, "package.json")).resolve(packageName);
  } catch (cause) {
    throw explainAddon(cause, { packageName, from: resolve(from), node: process.versions.node });
  }
}

/** TensorFlow reads its settings from the environment when its library is loaded. */
function load(path: string): void {
  // Without oneDNN, TensorFlow 2.9 computes dilated depthwise convolutions wrongly.
  process.env.TF_ENABLE_ONEDNN_OPTS ??= "1";
  // Without warnings it would print what processor it runs on.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  // In development mode the union package warns of every backend and kernel that is registered already.
  tf.enableProdMode();
  withOneCore(() => createRequire(path)(path));
}

/** The addon registers and starts its backend when it loads; some faults show only when it computes. */
async function tryBackend(): Promise<NativeBackend> {
  if (!(await tf.setBackend(backendName))) throw new Error("the tensorflow backend did not initialise");
  const product = tf.tidy(() => tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])));
  const values = await product.data();
  product.dispose();
  if (values.some((value) => value !== 3))
    throw new Error(`it multiplies wrongly: ${values.join()} instead of 3,3,3,3`);
  return tf.backend() as unknown as NativeBackend;
}

/** Takes the backend back, so that nothing picks it and the name is free. */
function withdraw(): void {
  if (tf.findBackendFactory(backendName) != null) tf.removeBackend(backendName);
  for (const { kernelName } of tf.getKernelsForBackend(backendName) ?? [])
    tf.unregisterKernel(kernelName, backendName);
}

function oneAtATime(packageName: string, other: string): DifftapError {
  return new DifftapError(
    "ENGINE_MISSING",
    `this process runs ${other}, and a process can run one TensorFlow`,
    {
      hint: `start ${packageName} in a process of its own`,
      details: { packageName, other },
    },
  );
}
