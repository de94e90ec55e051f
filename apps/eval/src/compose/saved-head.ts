/** A trained head out of a run folder. */
import { join } from "node:path";
import { DifftapError } from "@difftap/core";
import {
  createHead,
  type Head,
  type HeadDefinition,
  type HeadDescription,
  type HeadNetwork,
  loadHead,
} from "@difftap/heads";
import { latestCheckpoint, type ModelCheckpoint, restoreModel } from "@difftap/trainer";

export interface SavedHeadChoice {
  /** Run folder of `difftap-train head`. */
  readonly run: string;
  /** Which of its heads; the only one unless given. */
  readonly model?: string | undefined;
  /** Those that training ended with, or the best by the validation metric. */
  readonly which: "latest" | "best";
  /** Package or path of a head from outside; the name in the checkpoint unless given. */
  readonly head?: string | undefined;
  /** For heads that feed back into the network. */
  readonly network?: HeadNetwork;
}

/**
 * Builds the head that a run trained, with its weights, on the running engine.
 * @throws DifftapError FILE_MISSING for a folder without a checkpoint, REQUEST_INVALID for a name that it has not (lists those it has),
 * and for a head that feeds back into the network where there is none.
 */
export async function openSavedHead({ run, model, which, head, network }: SavedHeadChoice): Promise<Head> {
  const checkpoint = await latestCheckpoint(join(run, "checkpoints"));
  if (!checkpoint) {
    throw new DifftapError("FILE_MISSING", `${run} holds no checkpoint of a head`, {
      hint: "name the --out folder of difftap-train head",
    });
  }
  const saved = chosen(checkpoint.models, model, run);
  const description = saved.description as HeadDescription;
  const definition = await loadHead(head ?? description.head);
  checkNetwork(definition, network);
  const built = createHead({ ...description, head: definition.name, seed: 0, network }, [definition]);
  try {
    restoreModel(built, saved, which);
    return built;
  } catch (error) {
    built.dispose();
    throw error;
  }
}

function checkNetwork({ name, inputs }: HeadDefinition, network: HeadNetwork | undefined): void {
  if (network || !inputs) return;
  throw new DifftapError(
    "REQUEST_INVALID",
    `the ${name} head reads a second pass of the network, and there is none here`,
    {
      hint: "evaluate it on images, with the --weights it was trained through",
    },
  );
}

function chosen(
  models: readonly ModelCheckpoint[],
  wanted: string | undefined,
  run: string,
): ModelCheckpoint {
  const names = models.map(({ name }) => name);
  const found =
    wanted === undefined && models.length === 1 ? models[0] : models.find(({ name }) => name === wanted);
  if (found) return found;
  const problem = wanted === undefined ? "holds several heads" : `holds no head named "${wanted}"`;
  throw new DifftapError("REQUEST_INVALID", `${run} ${problem}`, {
    hint: `--model takes one of: ${names.map((name) => `"${name}"`).join(", ")}`,
    details: { names },
  });
}
