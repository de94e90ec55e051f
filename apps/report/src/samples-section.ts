/** Images a model drew: the grid, and in words what is on it and how it was made. */
import type { Samples } from "@difftap/run-folder";
import { type Html, html } from "./html.js";
import { counted, duration, figures } from "./numbers.js";
import { facts } from "./provenance-section.js";
import { howDrawn } from "./samples-reading.js";

/** Small images are shown larger, up to this many pixels across the grid. */
const GRID_WIDTH = 768;

export function samplesSection(samples: Samples, provenance: string): Html {
  const { shown, count, grid, columns, size } = samples;
  const rows = Math.ceil(shown / columns);
  const scale = Math.max(1, Math.floor(GRID_WIDTH / (columns * size)));
  const first =
    shown < count ? `The first ${counted(shown)} of ${counted(count)} images` : `All ${shown} images`;
  return html`<h3>Generated images</h3>
<figure class="samples"><img src="${grid}" alt="${altText(samples)}" width="${scale * columns * size}" height="${scale * rows * size}"><figcaption>${first}, row by row, ${size} × ${size} pixels each. ${provenance}</figcaption></figure>
${factsOf(samples)}
${labelRows(samples)}`;
}

/** What a reader without pictures is told: how many, how laid out, how made, and of which classes. */
function altText(samples: Samples): string {
  const { shown, columns, labels } = samples;
  const rows = Math.ceil(shown / columns);
  const classes = labels === undefined ? "" : `, classes ${classNames(labels)}`;
  return `${shown} generated images in ${rows} rows of ${columns}: ${howDrawn(samples)}${classes}`;
}

const classNames = (labels: readonly number[]) => [...new Set(labels)].sort((a, b) => a - b).join(", ");

function factsOf(samples: Samples): Html {
  const { count, respacing, steps, networkEvaluations, seconds, guidance, labels } = samples;
  return facts([
    ["Sampler", howDrawn(samples)],
    ["Respacing", `${respacing}: ${counted(steps)} steps an image`],
    ["Network evaluations", `${counted(networkEvaluations)} for ${counted(count)} images`],
    ["Time", `${duration(seconds)}, ${figures(seconds / count)} s an image`],
    ["Guidance", guidance && `${guidance.by}, scale ${figures(guidance.scale)}`],
    ["Classes", labels && classNames(labels)],
  ]);
}

/** The class of every image shown, row by row as in the grid. */
function labelRows({ labels, shown, columns }: Samples): Html | false {
  if (labels === undefined) return false;
  const rows = Array.from({ length: Math.ceil(shown / columns) }, (_, row) =>
    labels.slice(row * columns, Math.min(shown, (row + 1) * columns)),
  );
  return html`<details><summary>Class of each image shown</summary><div class="scroll" tabindex="0" role="region" aria-label="Classes of the images shown"><table class="plain numbers"><tbody>${rows.map((row, index) => html`<tr><th scope="row">row ${index + 1}</th>${row.map((label) => html`<td>${label}</td>`)}</tr>`)}</tbody></table></div></details>`;
}
