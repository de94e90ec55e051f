/** Colours of classes on photographs, which are neither light nor dark: white letters stand out on each. */
import { palettes } from "./palette.js";

/** After these the first comes again; names stand beside every box. */
const COLOURS = [...palettes.light.series, "#a3275f", "#3b6b12", "#4a4fb5", "#7a4a32"];

/** By the class's place in the data set. */
export const classColour = (place: number): string => COLOURS[place % COLOURS.length]!;
