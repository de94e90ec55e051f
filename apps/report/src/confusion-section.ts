/** The confusion matrix, or, where it would be unreadable, its largest entries. */
import type { Confusion } from "@difftap/run-folder";
import { type Html, html } from "./html.js";
import { counted, onePlace } from "./numbers.js";

/** More classes than this do not fit a page as a matrix. */
const LARGEST_MATRIX = 30;
const LISTED = 25;
const LISTED_BESIDE_MATRIX = 5;
/** Strongest tint in per cent: the ink on it keeps a contrast above 4.5 in both themes. */
const STRONGEST_TINT = 55;

interface Mistake {
  readonly label: string;
  readonly predicted: string;
  readonly count: number;
  readonly share: number;
}

export function confusionSection(confusion: Confusion, provenance: string): Html {
  const mistakes = mistakesOf(confusion);
  const small = confusion.labels.length <= LARGEST_MATRIX;
  return html`<h3>What is taken for what</h3>
${small && confusion.labels.length > 0 && matrixFigure(confusion, provenance)}
${mistakeList(mistakes.slice(0, small ? LISTED_BESIDE_MATRIX : LISTED), mistakes.length, provenance)}`;
}

/** All mistakes made at least once, the most frequent first. */
function mistakesOf({ labels, matrix }: Confusion): Mistake[] {
  const mistakes = matrix.flatMap((row, index) => {
    const total = sum(row);
    return row.flatMap((count, column) =>
      index === column || count === 0
        ? []
        : [{ label: labels[index]!, predicted: labels[column]!, count, share: (100 * count) / total }],
    );
  });
  return mistakes.sort((a, b) => b.count - a.count || b.share - a.share);
}

function matrixFigure({ labels, matrix }: Confusion, provenance: string): Html {
  const largest = Math.max(
    0,
    ...matrix.flatMap((row, index) =>
      row.filter((_, column) => column !== index).map((count) => count / Math.max(1, sum(row))),
    ),
  );
  const cell = (count: number, row: number, column: number, total: number) => {
    const share = total === 0 ? 0 : count / total;
    const tint = row === column ? share : largest === 0 ? 0 : share / largest;
    const colour = row === column ? "accent" : "warn";
    return html`<td style="background:color-mix(in oklab,var(--${colour}) ${(tint * STRONGEST_TINT).toFixed(1)}%,var(--paper))" title="${`${labels[row]} taken for ${labels[column]}: ${counted(count)} of ${counted(total)}`}">${count}</td>`;
  };
  return html`<figure><div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix"><table class="confusion"><caption class="hidden">Images by true class (rows) and predicted class (columns)</caption>
<thead><tr><th scope="col" class="corner">true ↓ predicted →</th>${labels.map((label) => html`<th scope="col"><span>${label}</span></th>`)}</tr></thead>
<tbody>${matrix.map((row, index) => html`<tr><th scope="row">${labels[index]}</th>${row.map((count, column) => cell(count, index, column, sum(row)))}</tr>`)}</tbody></table></div>
<figcaption>Numbers of images. Blue: right, by share of the class. Orange: wrong, against the most frequent mistake. ${provenance}</figcaption></figure>`;
}

function mistakeList(mistakes: readonly Mistake[], all: number, provenance: string): Html {
  if (mistakes.length === 0) return html`<p>No image was taken for another class. ${provenance}</p>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Most frequent mistakes"><table class="plain"><caption>Most frequent mistakes, ${mistakes.length} of ${counted(all)} kinds</caption><thead><tr><th scope="col">true class</th><th scope="col">taken for</th><th scope="col" class="number">images</th><th scope="col" class="number">of its class</th></tr></thead>
<tbody>${mistakes.map(({ label, predicted, count, share }) => html`<tr><td>${label}</td><td>${predicted}</td><td class="number">${counted(count)}</td><td class="number">${onePlace(share)} %</td></tr>`)}</tbody></table></div>
${mistakes.length > LISTED_BESIDE_MATRIX && html`<p class="note">${provenance}</p>`}`;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
