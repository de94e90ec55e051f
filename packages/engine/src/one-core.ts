/**
 * One TensorFlow.js core for what is loaded from another node_modules.
 *
 * Copies of tfjs-core meet in one engine and one kernel registry, which they keep on the global object, but each copy has
 * classes of its own and none of the methods that were chained onto another's tensors. @tensorflow/tfjs-node brings a copy
 * where the package manager could not share ours, so while it loads, Node's resolution of that one name is pointed here.
 */
import Module, { createRequire } from "node:module";

const core = "@tensorflow/tfjs-core";

type Resolve = (request: string, ...rest: unknown[]) => string;

/** Runs `load`, in which every `require("@tensorflow/tfjs-core")` gives this package's core; nothing stays changed. */
export function withOneCore<T>(load: () => T): T {
  const ours = createRequire(import.meta.url).resolve(core);
  const resolver = Module as unknown as { _resolveFilename: Resolve };
  const before = resolver._resolveFilename;
  resolver._resolveFilename = function (this: unknown, request, ...rest) {
    return request === core ? ours : before.call(this, request, ...rest);
  };
  try {
    return load();
  } finally {
    resolver._resolveFilename = before;
  }
}
