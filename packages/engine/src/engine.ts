/** What an engine is: a TensorFlow.js backend that can be asked for by name. */

export interface Engine {
  readonly name: string;
  /** What it computes on and how, in a few words. */
  readonly device: string;
  /** Version of the package that computes. */
  readonly version: string;
  /** Why `auto` would take it. */
  readonly strength: string;
  /** Registers the backend and makes it the current one. Throws what keeps it from running. */
  start(): Promise<void>;
}
