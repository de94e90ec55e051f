/** Every detector of this package. A new one is a folder beside `fcos/`, a line here, and passes the contract suite. */
import type { DetectorDefinition } from "./definition.js";
import { defineFcos } from "./fcos/fcos.js";

export const detectors: readonly DetectorDefinition[] = [defineFcos()];
