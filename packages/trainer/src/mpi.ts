/**
 * MPI by way of koffi, which is asked for only when it is needed. Constants are those of the MPICH ABI, which MPICH, Intel MPI and MVAPICH
 * share (https://www.mpich.org/abi/); calls block this thread, as everything that trains waits for them.
 */
import { DifftapError } from "@difftap/core";
import type { Collective } from "./collective.js";

const WORLD = 0x44000000;
const FLOAT = 0x4c00040a;
const BYTE = 0x4c00010d;
const SUM = 0x58000003;
const SUCCESS = 0;

/** Where the library is looked for, after DIFFTAP_MPI. */
const LIBRARIES: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  linux: ["libmpich.so.12", "libmpi.so.12", "libmpich.so"],
  darwin: ["libmpich.dylib", "/opt/homebrew/lib/libmpich.dylib", "libmpi.12.dylib"],
  win32: ["msmpi.dll"],
};

type Native = (...values: unknown[]) => number;
type Functions = Record<
  "init" | "rank" | "size" | "allReduce" | "broadcast" | "barrier" | "finalize",
  Native
>;

const DECLARATIONS: Record<keyof Functions, string> = {
  init: "int MPI_Init(void *count, void *values)",
  rank: "int MPI_Comm_rank(int world, _Out_ int *rank)",
  size: "int MPI_Comm_size(int world, _Out_ int *size)",
  allReduce: "int MPI_Allreduce(float *from, _Out_ float *to, int count, int type, int operation, int world)",
  broadcast: "int MPI_Bcast(_Inout_ uint8_t *bytes, int count, int type, int root, int world)",
  barrier: "int MPI_Barrier(int world)",
  finalize: "int MPI_Finalize()",
};

/**
 * Joins the processes that mpiexec started with this one.
 * @throws DifftapError ENGINE_MISSING where koffi or an MPI library is not there, saying which to install.
 */
export async function joinMpi(): Promise<Collective> {
  const mpi = await loadMpi();
  must("MPI_Init", mpi.init(null, null));
  const [rank, size] = [numberFrom("MPI_Comm_rank", mpi.rank), numberFrom("MPI_Comm_size", mpi.size)];
  return {
    rank,
    size,
    allReduce(values) {
      must("MPI_Allreduce", mpi.allReduce(values.slice(), values, values.length, FLOAT, SUM, WORLD));
    },
    broadcast: (bytes) => must("MPI_Bcast", mpi.broadcast(bytes, bytes.length, BYTE, 0, WORLD)),
    barrier: () => must("MPI_Barrier", mpi.barrier(WORLD)),
    close: () => must("MPI_Finalize", mpi.finalize()),
  };
}

interface Library {
  func(declaration: string): Native;
}

async function loadMpi(): Promise<Functions> {
  const koffi = await import("koffi").catch((cause: unknown) => {
    throw missing("koffi is not installed", "npm install koffi", cause);
  });
  const library = openLibrary((path) => koffi.default.load(path));
  const functions = Object.entries(DECLARATIONS).map(([name, text]) => [name, library.func(text)]);
  return Object.fromEntries(functions) as Functions;
}

function openLibrary(load: (path: string) => Library): Library {
  const own = process.env.DIFFTAP_MPI;
  const candidates = own ? [own] : (LIBRARIES[process.platform] ?? []);
  const failures: unknown[] = [];
  for (const path of candidates) {
    try {
      return load(path);
    } catch (error) {
      failures.push(error);
    }
  }
  throw missing(
    `no MPI library of the MPICH family is found (tried ${candidates.join(", ")})`,
    "install MPICH (Debian: apt install mpich), or name its library in DIFFTAP_MPI",
    failures[0],
  );
}

function missing(reason: string, hint: string, cause: unknown): DifftapError {
  return new DifftapError("ENGINE_MISSING", `training on several processes: ${reason}`, { hint, cause });
}

function numberFrom(name: string, call: Native): number {
  const out = [0];
  must(name, call(WORLD, out));
  return out[0]!;
}

function must(name: string, code: number): void {
  if (code === SUCCESS) return;
  throw new DifftapError("RUNTIME_FAILED", `${name} failed with code ${code}`, { details: { name, code } });
}
