/**
 * The engines that the tests run on. A head needs none of them to be built, so this package does not depend on @difftap/engine; its
 * tests take what the workspace built of it.
 */
type SelectEngine = (name: string) => Promise<{ readonly name: string }>;

const built = new URL("../../engine/dist/index.js", import.meta.url).href;

/** One word each; every test of parity and contract runs on all of them. */
export const engines = ["wasm", "cpu"] as const;

/** Starts an engine, with the gradients that TensorFlow.js's Node entry lacks. */
export async function start(engine: (typeof engines)[number]): Promise<void> {
  const { selectEngine } = (await import(/* @vite-ignore */ built)) as { selectEngine: SelectEngine };
  await selectEngine(engine);
}
