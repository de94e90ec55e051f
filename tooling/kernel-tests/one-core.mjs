/**
 * Makes every `import` and `require` of "@tensorflow/tfjs-core" in this process give one given ES module, so that a
 * backend package, wherever it lies, works on the core of the tests.
 */
import { writeFileSync } from "node:fs";
import Module, { register } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const name = "@tensorflow/tfjs-core";

export function shareCore(file) {
  const url = JSON.stringify(pathToFileURL(file).href);
  const hook = `export const resolve = (specifier, context, next) => specifier === ${JSON.stringify(name)}
    ? { url: ${url}, format: "module", shortCircuit: true } : next(specifier, context);`;
  register(`data:text/javascript,${encodeURIComponent(hook)}`);

  const facade = writeFacade(file);
  const resolveFilename = Module._resolveFilename;
  Module._resolveFilename = function (request, ...rest) {
    return request === name ? facade : resolveFilename.call(this, request, ...rest);
  };
}

/** What `require` gives. Packages compiled to ES5 extend KernelBackend by calling it, which a class refuses. */
function writeFacade(file) {
  const facade = join(dirname(file), "core.cjs");
  const source = `
    const core = require(${JSON.stringify(file)});
    const KernelBackend = new Proxy(core.KernelBackend, { apply: (_, self) => self });
    module.exports = { ...core, KernelBackend };`;
  writeFileSync(facade, source);
  return facade;
}
