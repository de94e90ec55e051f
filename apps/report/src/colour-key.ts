/** What the colours of a picture stand for. */
import { type Html, html } from "./html.js";

export interface NamedColour {
  readonly name: string;
  readonly colour: string;
}

/** @param more list items of other signs */
export function colourKey(colours: readonly NamedColour[], more?: Html): Html {
  return html`<ul class="key">${colours.map((each) => html`<li>${swatch(each)}${each.name}</li>`)}${more}</ul>`;
}

/** The name stands beside it. */
export const swatch = ({ colour }: Pick<NamedColour, "colour">): Html =>
  html`<span class="swatch" style="background:${colour}"></span>`;
