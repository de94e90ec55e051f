/** The five textures an object may have: together with the shape they are its fine-grained class. */

export interface Texture {
  readonly name: string;
  /**
   * How much of the second colour shows at a point, 0 or 1.
   * @param u across, @param v down, both in the object's own frame
   * @param frequency periods per unit
   */
  blend(u: number, v: number, frequency: number): number;
}

export const textures: readonly Texture[] = [
  { name: "checked", blend: (u, v, f) => wave(u * f) ^ wave(v * f) },
  { name: "dotted", blend: (u, v, f) => (fraction(u * f) ** 2 + fraction(v * f) ** 2 < 0.09 ? 1 : 0) },
  { name: "plain", blend: () => 0 },
  { name: "ringed", blend: (u, v, f) => wave(Math.sqrt(u * u + v * v) * f) },
  { name: "striped", blend: (u, _, f) => wave(u * f) },
];

/** 0 for the first half of each period, 1 for the second. */
function wave(phase: number): 0 | 1 {
  return phase - Math.floor(phase) < 0.5 ? 0 : 1;
}

/** Distance to the middle of the cell, −0.5 … 0.5. */
function fraction(phase: number): number {
  return phase - Math.floor(phase) - 0.5;
}
