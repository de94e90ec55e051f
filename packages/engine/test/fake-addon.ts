/** Projects in a temporary folder whose tensorflow packages are a few lines of JavaScript. */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A project with one package, whose main file is `source`, and that package's own tfjs-core, which must not be loaded. */
export function projectWith(packageName: string, source: string): string {
  const project = mkdtempSync(join(tmpdir(), "difftap-engine-"));
  put(project, packageName, source);
  put(project, "@tensorflow/tfjs-core", 'throw new Error("a second core was loaded");');
  return project;
}

function put(project: string, packageName: string, source: string): void {
  const folder = join(project, "node_modules", packageName);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: packageName, main: "index.js" }));
  writeFileSync(join(folder, "index.js"), source);
}

/** Registers a backend that does what the cpu backend does, as an addon would register its own. */
export const workingAddon = (isUsingGpuDevice: boolean): string => `
  const tf = require("@tensorflow/tfjs-core");
  const cpu = tf.engine().registryFactory.cpu.factory;
  for (const config of tf.getKernelsForBackend("cpu")) tf.registerKernel({ ...config, backendName: "tensorflow" });
  tf.registerBackend("tensorflow", () =>
    Object.assign(cpu(), { isUsingGpuDevice: ${isUsingGpuDevice}, binding: { TF_Version: "2.9.1" } }));
  tf.setBackend("tensorflow");
  exports.Tensor = tf.Tensor;
`;
