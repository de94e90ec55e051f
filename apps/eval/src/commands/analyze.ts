/** `difftap-eval analyze`: what features are like, and why fusing them helps. */
import type { CommandSpec } from "@difftap/command-line";
import { type Analysis, writeResults } from "@difftap/run-folder";
import { analysisResults } from "../compose/analysis/analysis-results.js";
import { attentionPart } from "../compose/analysis/attention.js";
import { choicePart } from "../compose/analysis/choice.js";
import { ckaPart } from "../compose/analysis/cka.js";
import { componentsPart } from "../compose/analysis/components.js";
import { correspondencePart } from "../compose/analysis/correspondence.js";
import { drawsPart } from "../compose/analysis/draws.js";
import { fusionPart } from "../compose/analysis/fusion.js";
import { neighboursPart } from "../compose/analysis/neighbours.js";
import { partsOf } from "../compose/analysis/parts.js";
import { printAnalysis } from "../compose/analysis/print.js";
import { type AnalysisSession, withSession } from "../compose/analysis/session.js";
import { analyzeOptions, type Part } from "../compose/analysis/settings.js";
import { spherePart } from "../compose/analysis/sphere.js";

export const analyze: CommandSpec<typeof analyzeOptions> = {
  name: "analyze",
  about: "Compares taps, heads and models, shows what features see, and chooses a tap on a small budget",
  example: "difftap-eval analyze --preset scenes --out runs/analysis",
  presets: new URL("../presets/analyze/", import.meta.url),
  options: analyzeOptions,
  run: (settings, context) => withSession(settings, context, run),
};

async function run(session: AnalysisSession): Promise<void> {
  const started = performance.now();
  const { settings, train, test } = session;
  const parts = partsOf(settings.parts, {
    images: test.images !== undefined,
    train: train !== undefined,
    labels: test.labelled && train?.labelled !== false,
    heads: (settings.heads ?? []).length > 0,
  });
  const analysis = await analysed(session, parts);
  const durationSeconds = (performance.now() - started) / 1000;
  await writeResults(settings.out, analysisResults(session, analysis, durationSeconds));
  printAnalysis(session, analysis);
}

async function analysed(session: AnalysisSession, parts: readonly Part[]): Promise<Analysis> {
  let analysis: Analysis = {};
  for (const part of parts) analysis = { ...analysis, ...(await makers[part](session)) };
  return analysis;
}

const makers: Readonly<Record<Part, (session: AnalysisSession) => Promise<Analysis>>> = {
  cka: async (session) => ({ cka: await ckaPart(session) }),
  components: async (session) => ({
    components: await componentsPart(session),
    ...(session.settings.heads && { attention: await attentionPart(session) }),
  }),
  neighbours: async (session) => ({ neighbours: await neighboursPart(session) }),
  correspondence: async (session) => ({ correspondence: await correspondencePart(session) }),
  sphere: async (session) => ({ sphere: await spherePart(session) }),
  draws: async (session) => ({ draws: await drawsPart(session) }),
  choice: async (session) => ({ choice: await choicePart(session) }),
  fusion: async (session) => ({ fusion: await fusionPart(session) }),
};
