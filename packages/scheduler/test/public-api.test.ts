import { expect, it } from "vitest";
import * as api from "../src/index.js";

it("exports exactly these names", () => {
  expect(Object.keys(api).sort()).toEqual([
    "alphaCoefficients",
    "createSchedule",
    "ddimReverseStep",
    "ddimStep",
    "ddpmStep",
    "discretizedGaussianLogLikelihood",
    "epsilonFromXStart",
    "namedBetas",
    "normalKl",
    "pMeanVariance",
    "pretrainingLoss",
    "qPosterior",
    "qSample",
    "respace",
    "sampleImages",
    "spaceTimesteps",
    "variationalTerm",
    "velocityOf",
    "xStartFromEpsilon",
    "xStartFromPrevious",
    "xStartFromVelocity",
  ]);
});
