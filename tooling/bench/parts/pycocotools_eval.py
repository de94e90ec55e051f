"""COCOeval over two JSON files, once: seconds from what json.load gives to the twelve figures, and the figures."""
import contextlib
import io
import json
import sys
import time

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

truth_file, results_file, kind = sys.argv[1:]
with open(truth_file) as file:
    dataset = json.load(file)
with open(results_file) as file:
    results = json.load(file)

started = time.perf_counter()
with contextlib.redirect_stdout(io.StringIO()):
    truth = COCO()
    truth.dataset = dataset
    truth.createIndex()
    evaluation = COCOeval(truth, truth.loadRes(results), {"box": "bbox", "mask": "segm"}[kind])
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
print(json.dumps({"seconds": time.perf_counter() - started, "figures": list(evaluation.stats)}))
