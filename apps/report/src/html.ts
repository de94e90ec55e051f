/** Markup as values: whatever is put into a template is escaped unless it is markup itself. Serves HTML and SVG. */

export interface Html {
  readonly markup: string;
}

/** What a template takes; null, undefined and false print nothing. */
export type Fragment = string | number | Html | null | undefined | false | readonly Fragment[];

/** `` html`<td>${name}</td>` ``: text is escaped for element content and for quoted attributes alike. */
export function html(strings: TemplateStringsArray, ...values: readonly Fragment[]): Html {
  return {
    markup: strings
      .map((text, index) => text + (index < values.length ? render(values[index]) : ""))
      .join(""),
  };
}

/** Markup of our own that is no template: styles. */
export const verbatim = (markup: string): Html => ({ markup });

function render(value: Fragment): string {
  if (value === null || value === undefined || value === false) return "";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return escapeMarkup(value);
  return "markup" in value ? value.markup : value.map(render).join("");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text safe in HTML and XML; control characters, which XML forbids, become U+FFFD. */
export function escapeMarkup(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => entities[character] ?? character)
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "\uFFFD");
}
