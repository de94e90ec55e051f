/** What an engine is: a TensorFlow.js backend that can be asked for by name. */

export interface Engine {
  readonly name: string;
  /** Why `auto` would take it. */
  readonly strength: string;
  /**
   * Registers the backend and makes it the current one; again when it runs already.
   * Throws what keeps it from running; the hint of a DifftapError says what to do about it.
   */
  start(place: EnginePlace): Promise<EngineFacts>;
}

export interface EnginePlace {
  /** Folder of the project whose node_modules hold the optional engines. */
  readonly from: string;
  /** Execution providers of ONNX Runtime, in the order of preference; its CPU unless given. */
  readonly providers?: readonly string[] | undefined;
  /** See `EngineSearch`. */
  readonly arena?: boolean | undefined;
}

export interface EngineFacts {
  /** Version of the library that computes. */
  readonly version: string;
  /** What it computes on and how, in a few words. */
  readonly device: string;
}
