/**
 * What the last linear layer of a head reads. A head gives logits only; with the identity in the place of that layer it gives the
 * layer's input, whatever the head is.
 */
import { DifftapError, ndarray } from "@difftap/core";
import {
  assignTensors,
  createHead,
  type Head,
  type HeadDefinition,
  type HeadNetwork,
  saveHead,
} from "@difftap/heads";

/**
 * The head up to its last linear layer: its "logits" are [N, inputs of that layer]. The caller disposes it.
 * @throws DifftapError UNSUPPORTED for a head that does not end with a linear layer of `classes` outputs.
 */
export async function penultimateOf(
  head: Head,
  definition: HeadDefinition,
  network: HeadNetwork | undefined,
): Promise<Head> {
  const { description } = head;
  const layer = lastLinear(head);
  const { tensors } = await saveHead(head);
  const embedding = createHead(
    { ...description, head: definition.name, classes: layer.inputs, seed: 0, network },
    [definition],
  );
  try {
    const identity = identityTensors(layer);
    assignTensors(embedding, { ...tensors, ...identity }, `the inside of head ${description.head}`);
    return embedding;
  } catch (error) {
    embedding.dispose();
    throw error;
  }
}

interface LastLayer {
  readonly name: string;
  readonly inputs: number;
}

/** The last pair NAME.weight [classes, inputs] and NAME.bias [classes]. */
function lastLinear({ variables, description: { classes, head } }: Head): LastLayer {
  const layers = [...variables].flatMap(([name, { shape }]) => {
    const [outputs, inputs] = shape;
    const bias = variables.get(name.replace(/weight$/, "bias"));
    const fits = name.endsWith(".weight") && shape.length === 2 && outputs === classes;
    return fits && bias?.shape.length === 1 && bias.shape[0] === classes ? [{ name, inputs: inputs! }] : [];
  });
  const last = layers.at(-1);
  if (last && last.inputs >= 2) return last;
  throw new DifftapError(
    "UNSUPPORTED",
    `the head ${head} does not end with a linear layer of ${classes} outputs`,
    {
      hint: "compare its logits instead: --layer logits",
      details: { variables: [...variables.keys()] },
    },
  );
}

function identityTensors({ name, inputs }: LastLayer) {
  const identity = ndarray("float32", [inputs, inputs]);
  for (let i = 0; i < inputs; i++) identity.data[i * inputs + i] = 1;
  return { [name]: identity, [name.replace(/weight$/, "bias")]: ndarray("float32", [inputs]) };
}
