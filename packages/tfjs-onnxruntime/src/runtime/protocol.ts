/** What the backend and its runtime thread say to each other. Messages are handled one after the other, in order. */

import type { MessagePort } from "node:worker_threads";
import type { DType } from "@difftap/core";
import type { HostData } from "../graph/value.js";

/** A tensor on its way to the runtime. */
export interface Upload {
  readonly id: number;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: HostData;
}

export interface FedNumber {
  /** Its place among the graph's numbers. */
  readonly place: number;
  readonly dtype: DType;
  readonly number: number;
}

export interface RunRequest {
  readonly kind: "run";
  readonly session: number;
  /** Makes the session, the first time. */
  readonly model: Uint8Array | undefined;
  readonly uploads: readonly Upload[];
  /** Ids of the values fed, in the graph's order. */
  readonly feeds: readonly number[];
  readonly numbers: readonly FedNumber[];
  /** Ids that each output is kept under, in the graph's order. */
  readonly outputs: readonly (readonly number[])[];
  /** Ids to let go of after the run. */
  readonly released: readonly number[];
  /** Sessions to let go of after the run. */
  readonly dropped: readonly number[];
}

export type RuntimeRequest =
  | RunRequest
  | { readonly kind: "release"; readonly released: readonly number[]; readonly dropped: readonly number[] }
  | { readonly kind: "read"; readonly ticket: number; readonly id: number; readonly sync: boolean }
  | { readonly kind: "end" };

export type ReadReply =
  | { readonly ticket: number; readonly data: HostData }
  | { readonly ticket: number; readonly error: string };

export interface RuntimeSettings {
  /** Execution providers in the order of preference. */
  readonly providers: readonly string[];
  /** Threads of a session; 0 for one per core. */
  readonly threads: number;
  /** Sessions keep the memory that a run needed for the next one. */
  readonly arena: boolean;
  readonly port: MessagePort;
  /** See `counters`. */
  readonly counters: SharedArrayBuffer;
  readonly times: SharedArrayBuffer;
}

/** Places in the shared Int32Array. */
export const counters = {
  completed: 0,
  replies: 1,
  compilations: 2,
  sessions: 3,
  tensors: 4,
  ended: 5,
  /** 0 until it is known; see `RuntimeThread.channelBlock`. */
  channelBlock: 6,
  length: 7,
} as const;

/** Places in the shared Float64Array, milliseconds. */
export const times = { running: 0, compiling: 1, length: 2 } as const;
