"""What nms.mjs compares with: torchvision's batched_nms, or the same loop on numpy. A line from standard input names a file of float32 boxes
(left, top, right, bottom), float32 scores and int32 labels; a line of JSON answers. Usage: pytorch_nms.py THREADS BOXES OVERLAP"""

import json
import sys
import time

import numpy as np
import torch

torch.set_num_threads(int(sys.argv[1]))
count, overlap = int(sys.argv[2]), float(sys.argv[3])


def on_numpy(boxes, scores, labels):
    # Classes are moved apart, as torchvision does it.
    boxes = boxes + (labels * (boxes.max() + 1))[:, None]
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    order, kept = np.argsort(-scores, kind="stable"), []
    while order.size > 0:
        best, rest = order[0], order[1:]
        kept.append(best)
        low, high = np.maximum(boxes[best, :2], boxes[rest, :2]), np.minimum(boxes[best, 2:], boxes[rest, 2:])
        shared = np.prod(np.clip(high - low, 0, None), axis=1)
        order = rest[shared <= overlap * (area[best] + area[rest] - shared)]
    return np.array(kept)


try:
    from torchvision.ops import batched_nms

    def suppress(boxes, scores, labels):
        given = torch.from_numpy(boxes), torch.from_numpy(scores), torch.from_numpy(labels)
        started = time.perf_counter()
        kept = batched_nms(*given, overlap)
        return time.perf_counter() - started, kept.tolist(), "torchvision"

except ImportError:

    def suppress(boxes, scores, labels):
        started = time.perf_counter()
        kept = on_numpy(boxes, scores, labels)
        return time.perf_counter() - started, kept.tolist(), "numpy"


for line in sys.stdin:
    data = np.fromfile(line.strip(), dtype=np.float32)
    labels = np.fromfile(line.strip(), dtype=np.int32)[5 * count :].astype(np.int64)
    boxes, scores = data[: 4 * count].reshape(count, 4), data[4 * count : 5 * count]
    seconds, kept, name = suppress(boxes.copy(), scores.copy(), labels)
    print(json.dumps({"milliseconds": 1000 * seconds, "kept": kept, "name": name}), flush=True)
