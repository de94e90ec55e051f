/** How each backend gets itself registered on the shared core. A new one is a line here. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const repository = fileURLToPath(new URL("../..", import.meta.url));

export const backends = {
  cpu: () => import("@tensorflow/tfjs-backend-cpu"),
  wasm: async () => {
    const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
    setWasmPaths(dirname(require.resolve("@tensorflow/tfjs-backend-wasm")) + sep);
  },
  tensorflow: () => {
    process.env.TF_ENABLE_ONEDNN_OPTS ??= "1";
    process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
    const folder = resolve(process.env.DIFFTAP_TENSORFLOW ?? resolve(repository, ".cache/tfjs-node"));
    if (!existsSync(folder))
      throw new Error(`${folder} is not there: sh tooling/tensorflow/setup.sh builds it`);
    createRequire(resolve(folder, "package.json"))("@tensorflow/tfjs-node");
  },
  onnxruntime: async () => {
    const { registerOnnxRuntimeBackend } = await import("@difftap/tfjs-onnxruntime");
    registerOnnxRuntimeBackend({ name: "onnxruntime" });
  },
};
