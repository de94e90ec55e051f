/** Whether a step may be recorded before the numbers of the one before it are there. */
import { tf } from "@difftap/engine";

/**
 * True where the running engine records first and computes on a thread of its own: recording the next step meanwhile costs no time. An
 * engine that computes at once has nothing to do meanwhile.
 */
export function computesAside(): boolean {
  return "flush" in tf.backend();
}
