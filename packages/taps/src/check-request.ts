/** Whether a network can answer a request. */
import { blockTable, checkImageSize, findBlock } from "@difftap/backbone";
import { DifftapError } from "@difftap/core";
import { addressLimits, type FeatureRequest, imageSizeOf, type Tap, type Timestep } from "./request.js";
import { sizedTaps, sizeSuffix } from "./sizes.js";

/**
 * Checks blocks, pools, timesteps, size and condition against the architecture in the request.
 * @throws DifftapError REQUEST_INVALID that says what is legal.
 */
export function checkRequest(request: FeatureRequest): void {
  const { architecture, taps, timesteps } = request;
  const blocks = blockTable(architecture);
  for (const { block } of taps) findBlock(blocks, block);
  checkImageSize(architecture, imageSizeOf(request));
  for (const { size } of sizedTaps(request)) checkImageSize(architecture, size);
  for (const tap of taps) checkPool(tap);
  for (const timestep of timesteps) checkTimestep(timestep, architecture.diffusion.steps);
  refuseTwice(
    "tap",
    taps.map(({ block, pool, size }) => `block ${block}, pool ${pool}${sizeInWords(size)}`),
  );
  refuseOwnSize(request);
  refuseTwice("timestep", timesteps.map(String));
  checkCondition(request);
}

const sizeInWords = (size: Tap["size"]) => (size === undefined ? "" : `, size ${sizeSuffix(size).slice(1)}`);

/** One array would have two names. */
function refuseOwnSize({ taps, size }: FeatureRequest): void {
  const own = taps.find((tap) => tap.size !== undefined && sizeSuffix(tap.size) === sizeSuffix(size));
  if (own === undefined) return;
  throw new DifftapError("REQUEST_INVALID", `the tap at block ${own.block} names the size of all images`, {
    hint: "a tap names a size only where it is another: leave its `size` out",
    details: { tap: own, size },
  });
}

function checkPool({ block, pool }: Tap): void {
  if (pool === "map" || (Number.isInteger(pool) && pool >= 1)) return;
  throw new DifftapError("REQUEST_INVALID", `block ${block} cannot be pooled to ${pool} × ${pool}`, {
    hint: 'legal pools: 1, 2, 3, … (cells per side), or "map" for the unpooled map',
    details: { block, pool },
  });
}

function checkTimestep(timestep: Timestep, steps: number): void {
  if (timestep === "clean") return;
  const end = Math.min(steps, addressLimits.timesteps);
  if (Number.isInteger(timestep) && timestep >= 0 && timestep < end) return;
  throw new DifftapError("REQUEST_INVALID", `timestep ${timestep} does not exist`, {
    hint: `this network's timesteps are the indices 0…${end - 1} of its ${steps} diffusion steps, or "clean" for no noise`,
    details: { timestep, steps },
  });
}

function refuseTwice(what: string, names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new DifftapError("REQUEST_INVALID", `${what} ${twice} is asked for twice`, {
    hint: "name each once; `draws` averages several draws of noise",
    details: { twice },
  });
}

function checkCondition({ condition, architecture: { classes } }: FeatureRequest): void {
  if (classes === null && condition !== undefined) {
    throw new DifftapError(
      "REQUEST_INVALID",
      `condition ${condition} is given, but this network has no classes`,
      {
        hint: "leave `condition` out",
      },
    );
  }
  if (classes !== null && (condition === undefined || condition >= classes)) {
    throw new DifftapError(
      "REQUEST_INVALID",
      `this network is class-conditional; condition is ${condition ?? "missing"}`,
      {
        hint: `give one class for all images, 0…${classes - 1}; feeding each image its own would give the answer away`,
        details: { condition, classes },
      },
    );
  }
}
