/** Every kernel of the backend. A new file is a line here; a test checks that none is missing. */
import type { Kernel } from "../kernel.js";
import { binaryKernels } from "./binary.js";
import { unaryKernels } from "./unary.js";

export const kernels: readonly Kernel[] = [...unaryKernels, ...binaryKernels];
