/** What is wrong in entries of `detection` and `segmentation`: a field, its value, and the words of the refusal. */
type Wrong = readonly [what: string, field: string, value: unknown, message: RegExp];

const detection: readonly Wrong[] = [
  [
    "two models of one name",
    "detection.1.name",
    "frozen",
    /detection\[1\]\.name: another model is called "frozen" too/,
  ],
  ["a detector without split", "detection.0.split", undefined, /detection\[0\]\.split: .*it is missing/],
  ["a detector without runs", "detection.1.runs", [], /detection\[1\]\.runs/],
  ["a run without n", "detection.0.runs.1.n", undefined, /detection\[0\]\.runs\[1\]\.n: .*it is missing/],
  [
    "detectors on other images",
    "detection.0.runs.1.n",
    10,
    /runs\[1\]\.n: 10 images beside 72 of the first run/,
  ],
  ["a detector's seed twice", "detection.0.runs.2.seed", 1, /runs\[2\]\.seed: seed 1 is there twice/],
  [
    "AP as a share",
    "detection.0.runs.0.box.ap",
    0.4,
    /runs\[0\]\.box\.interval\.ap: the value 0\.4 lies outside/,
  ],
  ["pycocotools's −1", "detection.0.runs.0.box.apLarge", -1, /runs\[0\]\.box\.apLarge: .*got -1/],
  ["a figure left out", "detection.0.runs.0.box.ar10", undefined, /runs\[0\]\.box\.ar10: .*it is missing/],
  [
    "AP50 without interval",
    "detection.0.runs.0.mask.interval.ap50",
    null,
    /runs\[0\]\.mask\.interval\.ap50: a value and its interval are there together/,
  ],
  [
    "another mean of AP50 than the runs'",
    "detection.0.figures.box.ap50.mean",
    75,
    /detection\[0\]\.figures\.box\.ap50\.mean: 75, but the runs' mean is 71/,
  ],
  [
    "another deviation of mask AP",
    "detection.0.figures.mask.ap.deviation",
    0.5,
    /figures\.mask\.ap\.deviation: 0\.5, but the runs' sample standard deviation is 1/,
  ],
  [
    "a deviation of one detector",
    "detection.1.figures.box.ap.deviation",
    0,
    /detection\[1\]\.figures\.box\.ap\.deviation: one run has none, got 0/,
  ],
  [
    "masks in some runs",
    "detection.0.runs.1.mask",
    undefined,
    /detection\[0\]\.figures\.mask: it is there, but 2 of 3 runs have it/,
  ],
  [
    "masks that the summary leaves out",
    "detection.0.figures.mask",
    undefined,
    /figures\.mask: it is missing, but 3 of 3 runs have it/,
  ],
  [
    "another mean of VOC's AP50",
    "detection.0.figures.voc50.mean",
    71,
    /figures\.voc50\.mean: 71, but the runs' mean is 72/,
  ],
  [
    "classes of another AP than the first run",
    "detection.0.perClass.0.ap50",
    90,
    /detection\[0\]\.perClass: the classes' mean is 75, but the first run says 70/,
  ],
  [
    "classes of another mask AP",
    "detection.0.perClass.1.mask.ap",
    35,
    /detection\[0\]\.perClass: the classes' mean is 40, but the first run says 35/,
  ],
  [
    "more dropped than read",
    "detection.0.dropped.boxes",
    4,
    /dropped\.boxes: 2 dropped and 3 clipped of 4 boxes/,
  ],
  [
    "examples of boxes that were not dropped",
    "detection.0.dropped.examples",
    ["a", "b", "c"],
    /dropped\.examples: 3 examples of 2 dropped boxes/,
  ],
  [
    "a true box of another image size",
    "detection.0.pictures.0.truth.0.box",
    [600, 20, 100, 90],
    /truth\[0\]\.box: \[600, 20, 100, 90\] reaches out of an image of 640 × 480/,
  ],
  [
    "a found box of another image size",
    "detection.0.pictures.0.found.0.box",
    [640, 20, 100, 90],
    /found\[0\]\.box: \[640, 20, 100, 90\] lies outside an image of 640 × 480/,
  ],
  ["a box without area", "detection.0.pictures.0.truth.0.box.2", 0, /truth\[0\]\.box\[2\]/],
  [
    "a picture of an unknown class",
    "detection.0.pictures.0.found.0.label",
    "blue",
    /found\[0\]\.label: no class is called "blue"; there are red, white, none/,
  ],
  ["a score in per cent", "detection.0.pictures.0.found.0.score", 90, /found\[0\]\.score: .*got 90/],
  [
    "a picture from the network",
    "detection.0.pictures.0.image",
    "https://example.com/a.png",
    /pictures\[0\]\.image: has to be a data:/,
  ],
];

const segmentation: readonly Wrong[] = [
  [
    "another mIoU than the runs'",
    "segmentation.0.mean",
    45,
    /segmentation\[0\]\.mean: 45, but the runs' mean is 46/,
  ],
  [
    "mIoU as a share",
    "segmentation.0.runs.0.miou.value",
    0.45,
    /runs\[0\]\.miou\.interval: the value 0\.45 lies/,
  ],
  [
    "an accuracy without interval",
    "segmentation.0.runs.0.pixelAccuracy.interval",
    undefined,
    /runs\[0\]\.pixelAccuracy\.interval: .*it is missing/,
  ],
  [
    "segmenters on other images",
    "segmentation.0.runs.1.miou.n",
    10,
    /runs\[1\]\.miou\.n: 10 images beside 233 of the first run/,
  ],
  [
    "classes of another mIoU than the first run",
    "segmentation.0.perClass.0.iou",
    40,
    /segmentation\[0\]\.perClass: the classes' mean is 35, but the first run says 45/,
  ],
  [
    "classes of another accuracy than the first run",
    "segmentation.0.perClass.1.accuracy",
    40,
    /perClass: the classes' mean is 65, but the first run says 70 \(and 1 more\)/,
  ],
  [
    "pixels that make another accuracy",
    "segmentation.0.perClass.1.pixels",
    750,
    /perClass: the classes' pixels make 70, but the first run says 80/,
  ],
  [
    "an absent class that is not said",
    "segmentation.0.absent",
    [],
    /segmentation\[0\]\.absent: \[\], but without IoU are \[boat\]/,
  ],
  [
    "colours of other classes",
    "segmentation.0.classes.1.name",
    "post",
    /classes\[1\]: "pole", but there the class is "post"/,
  ],
  ["a colour by name", "segmentation.0.classes.0.colour", "red", /classes\[0\]\.colour: takes "#rrggbb"/],
  [
    "a label map as JPEG",
    "segmentation.0.pictures.0.predicted",
    "data:image/jpeg;base64,AAAA",
    /pictures\[0\]\.predicted: has to be a data: address of a PNG/,
  ],
  [
    "an unknown key of a segmenter",
    "segmentation.0.perclass",
    [],
    /segmentation\[0\]: unknown key "perclass", did you mean "perClass"\?/,
  ],
];

export const wrongModels: readonly Wrong[] = [...detection, ...segmentation];
