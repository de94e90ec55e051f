/**
 * What data-parallel training needs of the processes that share it. One process alone is the simplest; `joinMpi` gives the others.
 *
 * ```ts
 * import { alone, openCollective } from "@difftap/trainer";
 *
 * const collective = await openCollective("auto"); // MPI under mpiexec, else `alone`
 * await collective.allReduce(gradients);
 * ```
 */
import { DifftapError } from "@difftap/core";
import { joinMpi } from "./mpi.js";

export interface Collective {
  /** 0 … size − 1; rank 0 writes what there is to write. */
  readonly rank: number;
  readonly size: number;
  /** Puts the sum over all ranks in place of `values`; every rank calls it with as many. */
  allReduce(values: Float32Array): void;
  /** Puts rank 0's bytes in place of everybody else's. */
  broadcast(bytes: Uint8Array): void;
  /** Returns when every rank has called it. */
  barrier(): void;
  /** Says goodbye to the others; nothing can be called after it. */
  close(): void;
}

/** A single process. */
export const alone: Collective = {
  rank: 0,
  size: 1,
  allReduce() {},
  broadcast() {},
  barrier() {},
  close() {},
};

export const collectiveKinds = ["auto", "none", "mpi"] as const;

/** "auto": MPI where this process was started as one of several (mpiexec, Slurm, the Kubernetes MPI operator), else none. */
export type CollectiveKind = (typeof collectiveKinds)[number];

/** What MPICH's launcher and Slurm's PMI tell a process about its company. */
const SIZE_VARIABLES = ["PMI_SIZE", "MPI_LOCALNRANKS"];

/**
 * The collective of a kind.
 * @throws DifftapError ENGINE_MISSING where MPI is wanted and koffi or the MPI library is not there.
 */
export async function openCollective(
  kind: CollectiveKind,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Collective> {
  const started = SIZE_VARIABLES.some((name) => Number(environment[name] ?? 1) > 1);
  return kind === "mpi" || (kind === "auto" && started) ? joinMpi() : alone;
}

/**
 * How many of a step's samples each rank takes.
 * @throws DifftapError CONFIG_INVALID where the ranks and their parts do not divide the batch.
 */
export function shareOf(batch: number, { size }: Collective, parts: number): number {
  const share = batch / (size * parts);
  if (Number.isInteger(share)) return share;
  throw new DifftapError(
    "CONFIG_INVALID",
    `batch ${batch} cannot be divided among ${size} ranks in ${parts} parts each`,
    { hint: `a multiple of ${size * parts}`, details: { batch, ranks: size, parts } },
  );
}
