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
import {
  latestCheckpoint,
  type ModelCheckpoint,
  type ModelTensors,
  restoreModel,
  type Tensors,
} from "@difftap/trainer";

/** Before the names of a backbone's parameters in a checkpoint of a head that was trained together with it. */
export const BACKBONE = "backbone.";

export interface SavedHeadChoice {
  /** Run folder of `difftap-train head`, or a seed's of `difftap-train finetune`. */
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
export async function openSavedHead(choice: SavedHeadChoice): Promise<Head> {
  const { which, head, network } = choice;
  const saved = await readSavedHead(choice);
  const description = saved.description as HeadDescription;
  const definition = await loadHead(head ?? description.head);
  checkNetwork(definition, network);
  const built = createHead({ ...description, head: definition.name, seed: 0, network }, [definition]);
  try {
    restoreModel(built, { ...saved, tensors: headOf(saved.tensors) }, which);
    return built;
  } catch (error) {
    built.dispose();
    throw error;
  }
}

/** What a trained head is, without its numbers. @throws DifftapError FILE_MISSING, REQUEST_INVALID as `openSavedHead`. */
export async function savedDescription(choice: SavedHeadChoice): Promise<HeadDescription> {
  return (await readSavedHead(choice)).description as HeadDescription;
}

/** What a run saved of a head. @throws DifftapError FILE_MISSING, REQUEST_INVALID as `openSavedHead`. */
async function readSavedHead({ run, model }: SavedHeadChoice): Promise<ModelCheckpoint> {
  const checkpoint = await latestCheckpoint(join(run, "checkpoints"));
  if (checkpoint) return chosen(checkpoint.models, model, run);
  throw new DifftapError("FILE_MISSING", `${run} holds no checkpoint of a head`, {
    hint: "name the --out folder of difftap-train head, or a seed's folder of difftap-train finetune",
  });
}

/** The parameters of the backbone that were trained together with a head, by name; none for a head that was trained alone. */
export async function tunedTensors(choice: SavedHeadChoice): Promise<Tensors> {
  const { best, model, ema } = (await readSavedHead(choice)).tensors;
  const all = choice.which === "best" ? best : { ...model, ...ema };
  const own = Object.entries(all).filter(([name]) => name.startsWith(BACKBONE));
  return Object.fromEntries(own.map(([name, array]) => [name.slice(BACKBONE.length), array]));
}

function headOf(parts: ModelTensors): ModelTensors {
  const { model, optimizer, ema, best } = parts;
  const own = (tensors: Tensors): Tensors =>
    Object.fromEntries(Object.entries(tensors).filter(([name]) => !name.startsWith(BACKBONE)));
  return { model: own(model), optimizer, ema: own(ema), best: own(best) };
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
