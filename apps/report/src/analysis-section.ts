/** Every part of an analysis, one section each. */
import type { Analysis, Surface } from "@difftap/run-folder";
import { choiceSection } from "./analysis-choice.js";
import { componentsSection } from "./analysis-components.js";
import { correspondenceSection } from "./analysis-correspondence.js";
import { fusionSection } from "./analysis-fusion.js";
import { matrixSection } from "./analysis-matrix.js";
import { neighboursSection } from "./analysis-neighbours.js";
import { surfaceTable } from "./analysis-surface.js";
import { attentionSection } from "./attention-section.js";
import { type Html, html } from "./html.js";

/** `prefix` keeps pictures' ids apart from those of other runs on the page. */
export function analysisSections(analysis: Analysis, prefix: string): Html[] {
  const { choice, fusion = [], cka = [], components, attention = [], neighbours, correspondence } = analysis;
  const looks = attention.some(({ examples }) => examples.length > 0);
  const parts = [
    choice && choiceSection(choice),
    fusion.length > 0 && fusionSection(fusion),
    cka.length > 0 && matrixSection(cka),
    components && componentsSection(components),
    looks && attentionSection(attention, prefix),
    neighbours && neighboursSection(neighbours),
    correspondence && correspondenceSection(correspondence),
    sphereSection(analysis.sphere),
    drawsSection(analysis.draws),
  ];
  return parts.flatMap((part) => (part ? [html`<section>${part}</section>`] : []));
}

function sphereSection(surfaces: readonly Surface[] = []): Html | false {
  if (surfaces.length === 0) return false;
  return html`<h3>Features on the unit sphere</h3>
<p class="note">Alignment: how far apart two readings of an image lie, 0 where they are one. Uniformity: the lower, the more evenly images spread.</p>
${surfaces.map((surface) => surfaceTable(surface))}`;
}

function drawsSection(surfaces: readonly Surface[] = []): Html | false {
  if (surfaces.length === 0) return false;
  return html`<h3>What draws of noise change</h3>
<p class="note">Intraclass correlation: 1 where two draws of noise give the same features, 0 where an image is no more like itself than like another.</p>
${surfaces.map((surface) => surfaceTable(surface))}`;
}
