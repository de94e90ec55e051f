/**
 * Heads by name: those of this package, or from a package or file whose default export is `defineHead(…)`.
 *
 * ```ts
 * import { createHead, loadHead } from "@difftap/heads";
 *
 * const definition = await loadHead("./my-head"); // also "my-head-package", "attention"
 * const head = createHead({ head: definition.name, taps, classes: 10, seed: 0 }, [definition]);
 * ```
 */
import { DifftapError } from "@difftap/core";
import type { HeadDefinition } from "./definition.js";
import { locateModule } from "./locate.js";
import { heads } from "./registry.js";

export interface LoadOptions {
  /** Paths and packages are looked for from here; the current folder unless given. */
  readonly from?: string;
  /** Those known already. */
  readonly definitions?: readonly HeadDefinition[];
}

/**
 * A known head of that name, else the head of a package, folder or file. The module is run, as by `import`.
 * @throws DifftapError FILE_MISSING (no such file or folder), CONFIG_INVALID (no such name or package, a module that cannot be imported,
 * has no default export or one that is no head, or whose head has the name of a known one).
 */
export async function loadHead(
  nameOrPath: string,
  { from = process.cwd(), definitions = heads }: LoadOptions = {},
): Promise<HeadDefinition> {
  const known = definitions.find(({ name }) => name === nameOrPath);
  if (known) return known;
  const names = definitions.map(({ name }) => name);
  const url = await locateModule(nameOrPath, { from, known: names });
  const definition = headOf(await importModule(nameOrPath, url), nameOrPath);
  if (names.includes(definition.name)) refuseTaken(nameOrPath, definition.name, names);
  return definition;
}

async function importModule(given: string, url: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await import(/* @vite-ignore */ url);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DifftapError("CONFIG_INVALID", `head ${given} cannot be imported: ${reason}`, {
      hint: "it has to be JavaScript that Node imports by itself; TypeScript has to be built first",
      details: { url },
      cause,
    });
  }
}

function headOf(module: Readonly<Record<string, unknown>>, given: string): HeadDefinition {
  if (!("default" in module)) {
    const exported = Object.keys(module).join(", ") || "nothing";
    throw refuseModule(given, `has no default export, it exports ${exported}`);
  }
  const faults = faultsOf(module.default);
  if (faults.length > 0)
    throw refuseModule(given, `exports by default what is no head: ${faults.join("; ")}`);
  return module.default as HeadDefinition;
}

/** What keeps a value from being a head. Looked at by shape, so that another copy of this package may have defined it. */
function faultsOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [`it is ${value === null ? "null" : typeof value}`];
  const { name, spec, build } = value as Record<string, unknown>;
  const checks: [boolean, string][] = [
    [typeof name === "string" && name !== "", "its name is no text"],
    [typeof (spec as { safeParse?: unknown })?.safeParse === "function", "its spec is no zod schema"],
    [typeof build === "function", "its build is no function"],
  ];
  return checks.filter(([holds]) => !holds).map(([, fault]) => fault);
}

function refuseModule(given: string, problem: string): DifftapError {
  return new DifftapError("CONFIG_INVALID", `head ${given} ${problem}`, {
    hint: "write `export default defineHead({ name, spec, build })`",
    details: { head: given },
  });
}

function refuseTaken(given: string, name: string, names: readonly string[]): never {
  throw new DifftapError("CONFIG_INVALID", `head ${given} calls itself "${name}", which is taken`, {
    hint: `give it a name that none of these has: ${names.join(", ")}`,
    details: { head: given, name },
  });
}
