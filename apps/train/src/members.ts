/** The heads of a run: one for each entry, seed, learning rate and, where asked for, array; all see the same batches. */

import type { ImageSize } from "@difftap/backbone";
import {
  createHead,
  type Head,
  type HeadDefinition,
  type HeadNetwork,
  type HeadTap,
  loadHead,
} from "@difftap/heads";
import type { ModelToTrain } from "@difftap/trainer";
import { groupsOf, tapsOf } from "./member-taps.js";
import { headsOf, type OneHead } from "./one-head.js";
import { learningOf } from "./recipe.js";
import { jsonObject } from "./setting-values.js";
import type { HeadSettings } from "./settings.js";

export interface Member extends ModelToTrain {
  readonly model: Head;
  readonly seed: number;
  /** What it is called apart from its seed; heads that differ in nothing else share it. */
  readonly title: string;
  readonly settings: OneHead;
}

export interface MemberInputs {
  /** Those that the run reads. */
  readonly taps: readonly HeadTap[];
  readonly classes: number;
  /** Of the images behind them, where it is not the network's own: who evaluates a head later is told. */
  readonly size?: ImageSize | undefined;
  /** For heads that feed back into it. */
  readonly network?: HeadNetwork | undefined;
}

/** @throws DifftapError as `loadHead` and `createHead`, REQUEST_INVALID for a tap that is not read; heads made before are disposed. */
export async function createMembers(settings: HeadSettings, inputs: MemberInputs): Promise<Member[]> {
  const members: Member[] = [];
  try {
    for (const one of headsOf(settings)) {
      const definition = await loadHead(one.head);
      for (const member of membersOf(definition, one, inputs)) members.push(member);
    }
  } catch (error) {
    for (const { model } of members) model.dispose();
    throw error;
  }
  return members;
}

function* membersOf(definition: HeadDefinition, settings: OneHead, inputs: MemberInputs): Generator<Member> {
  const taps = tapsOf(settings, inputs.taps);
  for (const group of groupsOf(settings, taps)) {
    for (const learningRate of settings.learningRate) {
      for (const seed of settings.seeds) {
        const variant = { ...inputs, taps: group, learningRate, seed };
        yield createMember(definition, settings, variant);
      }
    }
  }
}

interface Variant extends MemberInputs {
  readonly learningRate: number;
  readonly seed: number;
}

function createMember(
  definition: HeadDefinition,
  settings: OneHead,
  { learningRate, ...inputs }: Variant,
): Member {
  const spec = jsonObject("spec", settings.spec);
  const { taps, seed } = inputs;
  const model = createHead({ ...inputs, head: definition.name, spec }, [definition]);
  const parts = [
    settings.title ?? definition.name,
    ...(settings.each === "array" ? [taps[0]!.name] : []),
    ...(settings.learningRate.length > 1 ? [`rate ${learningRate}`] : []),
  ];
  const title = parts.join(", ");
  const recipe = { ...learningOf(settings), learningRate };
  return { name: `${title}, seed ${seed}`, title, model, seed, recipe, settings };
}
