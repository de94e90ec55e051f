/** What the main thread and a session worker say to each other. */

/** One input of a run. */
export interface Feed {
  readonly type: "uint8" | "float32" | "int32";
  readonly shape: readonly number[];
  readonly data: Uint8Array | Float32Array | Int32Array;
}

export type Feeds = Readonly<Record<string, Feed>>;

export type WorkerRequest =
  | {
      readonly kind: "open";
      readonly session: number;
      readonly model: Uint8Array;
      /** Over a resizable buffer of its own. */
      readonly weights: Uint8Array<ArrayBuffer>;
      readonly threads: number;
    }
  | { readonly kind: "run"; readonly session: number; readonly feeds: Feeds }
  | { readonly kind: "close"; readonly session: number };

/** Asks a worker to end once nothing runs in it. */
export const END = "end";

export interface Numbered {
  readonly id: number;
}

/** Outputs of a run by name; empty for the other requests. */
export type Outputs = Readonly<Record<string, Float32Array>>;

export type WorkerReply =
  | { readonly ok: true; readonly outputs: Outputs }
  | { readonly ok: false; readonly message: string };
