/** What is in a scene and where: all random choices, none of the pixels. Lengths are shares of the image's side. */
import { anyColour, type Colour, contrasting, mix } from "./colours.js";
import type { Draws } from "./draws.js";
import { shapes } from "./shapes.js";
import { textures } from "./textures.js";

export interface Backdrop {
  readonly colours: readonly [Colour, Colour];
  /** 0 noise, 1 stripes, 2 checks, 3 noise and stripes. */
  readonly pattern: number;
  readonly frequency: number;
  readonly rotation: number;
  readonly phase: number;
  /** Heights of the noise on a square lattice of `noiseSide`², 0 … 1. */
  readonly noise: Float64Array;
}

export interface ObjectLayout {
  readonly shape: number;
  readonly texture: number;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  /** Width over height. */
  readonly aspect: number;
  readonly rotation: number;
  readonly colours: readonly [Colour, Colour];
  /** Texture periods per radius, and their rotation against the shape. */
  readonly frequency: number;
  readonly grain: number;
  /** How much brighter the lit edge is, and where it is. */
  readonly relief: number;
  readonly reliefAngle: number;
}

/** A bar (long) or blob (round) that is no object. */
export interface Clutter {
  readonly x: number;
  readonly y: number;
  readonly length: number;
  readonly width: number;
  readonly rotation: number;
  readonly colour: Colour;
}

export interface Lighting {
  readonly angle: number;
  /** Change of brightness from one side of the image to the other. */
  readonly slope: number;
  readonly gain: number;
  /** Deviation of the sensor's noise, in levels of 255. */
  readonly grain: number;
}

export interface SceneLayout {
  readonly backdrop: Backdrop;
  readonly behind: readonly Clutter[];
  /** Back to front; the last is the main object, which gives the image its class. */
  readonly objects: readonly ObjectLayout[];
  readonly before: readonly Clutter[];
  readonly lighting: Lighting;
}

/** Side of the backdrop's noise lattice. */
export const noiseSide = 9;

/** How far the main object turns from upright (40°) and leaves the middle: as photographers hold cameras. */
const mainTilt = 0.7;
const mainShift = 0.16;

/** Draws a scene whose main object has the given shape and texture. */
export function drawLayout(draws: Draws, shape: number, texture: number): SceneLayout {
  const backdrop = drawBackdrop(draws);
  const behind = Array.from({ length: 3 + draws.integer(8) }, () => drawClutter(draws, 1));
  const others = Array.from({ length: draws.integer(3) }, () => drawSecondary(draws, backdrop));
  const main = drawMain(draws, backdrop, shape, texture);
  const before = Array.from({ length: draws.integer(4) }, () => drawClutter(draws, 0.6));
  const lighting = {
    angle: draws.range(0, 2 * Math.PI),
    slope: draws.range(0, 0.7),
    gain: draws.range(0.75, 1.15),
    grain: draws.range(0, 9),
  };
  return { backdrop, behind, objects: [...others, main], before, lighting };
}

function drawBackdrop(draws: Draws): Backdrop {
  const first = anyColour(draws);
  return {
    colours: [first, mix(first, anyColour(draws), draws.range(0.25, 0.7))],
    pattern: draws.integer(4),
    frequency: draws.range(2, 7),
    rotation: draws.range(0, Math.PI),
    phase: draws.range(0, 1),
    noise: Float64Array.from({ length: noiseSide * noiseSide }, () => draws.range(0, 1)),
  };
}

function drawMain(draws: Draws, backdrop: Backdrop, shape: number, texture: number): ObjectLayout {
  const radius = draws.range(0.24, 0.38);
  return {
    ...drawLook(draws, backdrop),
    shape,
    texture,
    radius,
    rotation: draws.range(-mainTilt, mainTilt),
    x: 0.5 + draws.range(-mainShift, mainShift),
    y: 0.5 + draws.range(-mainShift, mainShift),
  };
}

function drawSecondary(draws: Draws, backdrop: Backdrop): ObjectLayout {
  const shape = draws.integer(shapes.length);
  const texture = draws.integer(textures.length);
  const radius = draws.range(0.08, 0.15);
  return {
    ...drawLook(draws, backdrop),
    shape,
    texture,
    radius,
    x: draws.range(0.05, 0.95),
    y: draws.range(0.05, 0.95),
  };
}

function drawLook(
  draws: Draws,
  backdrop: Backdrop,
): Omit<ObjectLayout, "shape" | "texture" | "radius" | "x" | "y"> {
  const first = contrasting(draws, backdrop.colours, 8);
  return {
    colours: [first, contrasting(draws, [...backdrop.colours, first], 8)],
    aspect: draws.range(0.8, 1.25),
    rotation: draws.range(0, 2 * Math.PI),
    frequency: draws.range(1.2, 1.9),
    grain: draws.range(0, Math.PI),
    relief: draws.range(0, 0.35),
    reliefAngle: draws.range(0, 2 * Math.PI),
  };
}

function drawClutter(draws: Draws, scale: number): Clutter {
  const bar = draws.chance(0.5);
  const width = (bar ? draws.range(0.012, 0.035) : draws.range(0.02, 0.07)) * scale;
  return {
    x: draws.range(0, 1),
    y: draws.range(0, 1),
    width,
    length: bar ? draws.range(0.1, 0.4) * scale : width,
    rotation: draws.range(0, Math.PI),
    colour: anyColour(draws),
  };
}
