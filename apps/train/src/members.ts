/** The heads of a run: one for each seed, learning rate and, where asked for, array; all see the same batches. */
import { createHead, type Head, type HeadDefinition, type HeadTap } from "@difftap/heads";
import type { ModelToTrain } from "@difftap/trainer";
import { type HeadSettings, jsonObject } from "./settings.js";

export interface Member extends ModelToTrain {
  readonly model: Head;
  readonly seed: number;
  readonly learningRate: number;
  /** What it is called apart from its seed; heads that differ in nothing else share it. */
  readonly title: string;
}

export interface MemberInputs {
  readonly definition: HeadDefinition;
  readonly taps: readonly HeadTap[];
  readonly classes: number;
  readonly settings: HeadSettings;
}

/** @throws DifftapError as `createHead`; heads made before the one that fails are disposed. */
export function createMembers(inputs: MemberInputs): Member[] {
  const { seeds, learningRate: rates, each } = inputs.settings;
  const groups = each === "array" ? inputs.taps.map((tap) => [tap]) : [inputs.taps];
  const members: Member[] = [];
  try {
    for (const taps of groups) {
      for (const learningRate of rates) {
        for (const seed of seeds) members.push(createMember({ ...inputs, taps }, { learningRate, seed }));
      }
    }
  } catch (error) {
    for (const { model } of members) model.dispose();
    throw error;
  }
  return members;
}

function createMember(
  { definition, taps, classes, settings }: MemberInputs,
  { learningRate, seed }: { learningRate: number; seed: number },
): Member {
  const spec = jsonObject("spec", settings.spec);
  const model = createHead({ head: definition.name, spec, taps, classes, seed }, [definition]);
  const parts = [
    definition.name,
    ...(settings.each === "array" ? [taps[0]!.name] : []),
    ...(settings.learningRate.length > 1 ? [`rate ${learningRate}`] : []),
  ];
  const title = parts.join(", ");
  return { name: `${title}, seed ${seed}`, title, model, seed, learningRate, recipe: { learningRate } };
}
