/** What keeps a native addon from running, in words, and what to do about it. */
import { DifftapError, isDifftapError } from "@difftap/core";

export interface AddonPlace {
  readonly packageName: string;
  /** Folder of the project it was looked for in. */
  readonly from: string;
  /** Version of Node, such as "20.20.2". */
  readonly node: string;
}

/** The first major version of Node without the functions that the last release of the addon calls. */
const tooNewNode = 23;

interface Explanation {
  readonly reason: string;
  readonly hint: string;
}

/** @returns a DifftapError as it is; for anything else an ENGINE_MISSING error with the cause kept: not installed, not downloaded, library missing, Node too new, other. */
export function explainAddon(cause: unknown, place: AddonPlace): DifftapError {
  if (isDifftapError(cause)) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  const { reason, hint } = explanations
    .map((explain) => explain(text, place))
    .find((each) => each !== undefined)!;
  return new DifftapError("ENGINE_MISSING", reason, { hint, details: { ...place }, cause });
}

type Explain = (text: string, place: AddonPlace) => Explanation | undefined;

const notInstalled: Explain = (text, { packageName, from }) =>
  text.includes(`Cannot find module '${packageName}'`)
    ? {
        reason: `${packageName} is not installed in ${from}`,
        hint: `npm install ${packageName}, on Node 20 or 22`,
      }
    : undefined;

const notDownloaded: Explain = (text, { packageName }) =>
  text.includes("native addon module")
    ? {
        reason: `${packageName} is installed without its native addon: its installation script did not run or its download was blocked`,
        hint: `npm rebuild ${packageName}, with install scripts allowed and storage.googleapis.com within reach`,
      }
    : undefined;

const libraryMissing: Explain = (text, { packageName }) => {
  const library = /([\w.-]+\.(?:so|dylib|dll)[\w.]*): cannot open shared object file/.exec(text)?.[1];
  if (library === undefined) return undefined;
  return {
    reason: `${packageName} needs the library ${library}, which is not there`,
    hint: `install what holds ${library}, or fetch the addon's own copy again: npm rebuild ${packageName}`,
  };
};

const nodeTooNew: Explain = (text, { packageName, node }) =>
  Number.parseInt(node, 10) >= tooNewNode && text.includes("is not a function")
    ? {
        reason: `${packageName} calls functions that Node ${node} no longer has (${text})`,
        hint: "take Node 20 or 22, or the engine onnxruntime",
      }
    : undefined;

const anything: Explain = (text) => ({ reason: text, hint: 'take "auto", which tries the others too' });

const explanations: readonly Explain[] = [notInstalled, notDownloaded, libraryMissing, nodeTooNew, anything];
