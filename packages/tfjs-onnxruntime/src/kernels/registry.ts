/** Every kernel of the backend. A new file is a line here; a test checks that none is missing. */
import type { Kernel } from "../kernel.js";
import { binaryKernels } from "./binary.js";
import { convKernels } from "./conv.js";
import { dataKernels } from "./data.js";
import { depthwiseKernels } from "./depthwise.js";
import { dilationKernels } from "./dilation.js";
import { fourierKernels } from "./fourier.js";
import { gatherKernels } from "./gather.js";
import { imageKernels } from "./image.js";
import { matmulKernels } from "./matmul.js";
import { normKernels } from "./norm.js";
import { hostKernels } from "./on-host.js";
import { orderKernels } from "./order.js";
import { pieceKernels } from "./pieces.js";
import { poolKernels } from "./pool.js";
import { rearrangeKernels } from "./rearrange.js";
import { reduceKernels } from "./reduce.js";
import { resizeKernels } from "./resize.js";
import { scanKernels } from "./scan.js";
import { softmaxKernels } from "./softmax.js";
import { suppressionKernels } from "./suppression.js";
import { unaryKernels } from "./unary.js";

export const kernels: readonly Kernel[] = [
  ...unaryKernels,
  ...binaryKernels,
  ...convKernels,
  ...dataKernels,
  ...depthwiseKernels,
  ...dilationKernels,
  ...fourierKernels,
  ...gatherKernels,
  ...imageKernels,
  ...hostKernels,
  ...matmulKernels,
  ...normKernels,
  ...orderKernels,
  ...pieceKernels,
  ...poolKernels,
  ...rearrangeKernels,
  ...reduceKernels,
  ...resizeKernels,
  ...scanKernels,
  ...softmaxKernels,
  ...suppressionKernels,
];
