/** The colours of the page and of figures that stand alone: one set for light, one for dark. */

export interface Palette {
  readonly paper: string;
  readonly panel: string;
  readonly ink: string;
  readonly muted: string;
  readonly rule: string;
  readonly accent: string;
  readonly warn: string;
  /** Lines of a chart: told apart by colour-blind readers, and by their markers without any colour. */
  readonly series: readonly string[];
}

export type Theme = "light" | "dark";

export const palettes: Readonly<Record<Theme, Palette>> = {
  light: {
    paper: "#fdfcfa",
    panel: "#f4f2ed",
    ink: "#1d1c1a",
    muted: "#625e57",
    rule: "#dad6cd",
    accent: "#1f6fb4",
    warn: "#c0471a",
    series: ["#1f6fb4", "#c0471a", "#10795a", "#8546a0", "#8a6508", "#55626d"],
  },
  dark: {
    paper: "#151618",
    panel: "#1e2023",
    ink: "#e8e6e1",
    muted: "#a8a49c",
    rule: "#383a3f",
    accent: "#6db3f2",
    warn: "#f0925e",
    series: ["#6db3f2", "#f0925e", "#4fc79b", "#cb9fe4", "#d9b44a", "#a9b6c1"],
  },
};

/** The palette as the page's CSS variables, for figures inside it. */
export const pagePalette: Palette = {
  paper: "var(--paper)",
  panel: "var(--panel)",
  ink: "var(--ink)",
  muted: "var(--muted)",
  rule: "var(--rule)",
  accent: "var(--accent)",
  warn: "var(--warn)",
  series: palettes.light.series.map((_, index) => `var(--series-${index})`),
};

/** CSS declarations that set those variables. */
export function paletteVariables(theme: Theme): string {
  const { series, ...named } = palettes[theme];
  const single = Object.entries(named).map(([name, colour]) => `--${name}:${colour}`);
  return [...single, ...series.map((colour, index) => `--series-${index}:${colour}`)].join(";");
}

/** Fonts that are there on every system; nothing is fetched. */
export const SANS =
  "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue','Liberation Sans',Arial,sans-serif";
export const SERIF = "Charter,'Bitstream Charter','Sitka Text',Cambria,Georgia,'Liberation Serif',serif";
