/** Refuses batches that do not fit the network before anything runs. */
import type { Architecture, BackboneBatch, ImageSize } from "@difftap/backbone";
import { DifftapError } from "@difftap/core";

/** @throws DifftapError REQUEST_INVALID that names the part and both shapes. */
export function checkBatch(architecture: Architecture, size: ImageSize, batch: BackboneBatch): void {
  const { images, noise, timesteps, labels } = batch;
  const expected = `[N, 3, ${size.height}, ${size.width}]`;
  const [count, ...sides] = images.shape;
  if (sides.join() !== [3, size.height, size.width].join()) {
    throw invalid(
      `images are [${images.shape.join(", ")}], this session takes ${expected}`,
      "prepare another size",
    );
  }
  if (timesteps.length !== count) throw invalid(`${count} images have ${timesteps.length} timesteps`);
  checkNoise(batch);
  checkLabels(architecture, count!, labels);
  if (noise !== null && noise.shape.join() !== images.shape.join()) {
    throw invalid(`noise is [${noise.shape.join(", ")}], the images are [${images.shape.join(", ")}]`);
  }
}

function checkNoise({ noise, timesteps }: BackboneBatch): void {
  const noisy = timesteps.find((timestep) => timestep !== "clean");
  if (noise === null && noisy !== undefined) {
    throw invalid(`timestep ${noisy} needs noise and none was given`, 'only "clean" needs none');
  }
}

function checkLabels({ classes }: Architecture, count: number, labels: Int32Array | undefined): void {
  if (classes === null) {
    if (labels !== undefined) throw invalid("labels were given to a network without class embedding");
    return;
  }
  if (labels === undefined)
    throw invalid(`this network is class-conditional (${classes} classes) and needs labels`);
  if (labels.length !== count) throw invalid(`${count} images have ${labels.length} labels`);
  const wrong = labels.find((label) => label < 0 || label >= classes);
  if (wrong !== undefined) throw invalid(`label ${wrong} is not one of the classes 0 to ${classes - 1}`);
}

function invalid(message: string, hint?: string): DifftapError {
  return new DifftapError("REQUEST_INVALID", message, hint === undefined ? {} : { hint });
}
