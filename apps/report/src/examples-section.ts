/** Images the probe is surest of, rightly and wrongly. */
import type { Example, Results } from "@difftap/run-folder";
import { type Html, html } from "./html.js";

export function examplesSection({ best, worst }: NonNullable<Results["examples"]>, provenance: string): Html {
  return html`<h3>Best and worst images</h3>
${gallery(best, "Right, and surest of it")}
${gallery(worst, "Wrong, and surest of it")}
<p class="note">The number is the probability given to the predicted class. ${provenance}</p>`;
}

function gallery(examples: readonly Example[], title: string): Html | false {
  if (examples.length === 0) return false;
  return html`<h4>${title}</h4><ul class="gallery">${examples.map((example) => html`<li><figure><img src="${example.image}" alt="${altText(example)}" width="96" height="96"><figcaption>${caption(example)}</figcaption></figure></li>`)}</ul>`;
}

function altText({ id, label, predicted, probability }: Example): string {
  const verdict =
    label === predicted ? `rightly taken for ${predicted}` : `a ${label} taken for ${predicted}`;
  return `Image ${id}: ${verdict}, probability ${probability.toFixed(2)}`;
}

function caption({ label, predicted, probability, id }: Example): Html {
  const verdict =
    label === predicted ? html`<b>${predicted}</b>` : html`${label} → <b class="wrong">${predicted}</b>`;
  return html`${verdict} <span class="probability">${probability.toFixed(2)}</span><small>${id}</small>`;
}
