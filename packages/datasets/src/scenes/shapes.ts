/** The ten shape classes, each a region of the square [−1, 1]²; any rotation and mild stretch leaves it what it is. */

export interface Shape {
  readonly name: string;
  /** Whether the point belongs to the shape; v points down. */
  contains(u: number, v: number): boolean;
}

const triangle = regular(3, () => 1);
const star = regular(10, (corner) => (corner % 2 === 1 ? 0.42 : 1));
const arrow: readonly Point[] = [
  [0, -0.98],
  [0.78, -0.12],
  [0.3, -0.12],
  [0.3, 0.95],
  [-0.3, 0.95],
  [-0.3, -0.12],
  [-0.78, -0.12],
];

export const shapes: readonly Shape[] = [
  { name: "arrow", contains: (u, v) => inPolygon(arrow, u, v) },
  { name: "crescent", contains: (u, v) => u * u + v * v < 0.9 && (u - 0.45) ** 2 + v * v > 0.55 },
  {
    name: "cross",
    contains: (u, v) =>
      Math.min(Math.abs(u), Math.abs(v)) < 0.28 && Math.max(Math.abs(u), Math.abs(v)) < 0.95,
  },
  { name: "disc", contains: (u, v) => u * u + v * v < 0.8 },
  { name: "heart", contains: inHeart },
  { name: "hourglass", contains: (u, v) => Math.abs(v) < 0.88 && Math.abs(u) < 0.1 + 0.75 * Math.abs(v) },
  { name: "ring", contains: (u, v) => u * u + v * v < 0.9 && u * u + v * v > 0.27 },
  { name: "square", contains: (u, v) => Math.abs(u) < 0.76 && Math.abs(v) < 0.76 },
  { name: "star", contains: (u, v) => inPolygon(star, u, v) },
  { name: "triangle", contains: (u, v) => inPolygon(triangle, u, v) },
];

type Point = readonly [u: number, v: number];

/** Corners at equal angles, the first at the top, each at its own radius. */
function regular(corners: number, radiusOf: (corner: number) => number): Point[] {
  return Array.from({ length: corners }, (_, i) => {
    const radius = radiusOf(i);
    const angle = (2 * Math.PI * i) / corners - Math.PI / 2;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

/** Even-odd rule. */
function inPolygon(corners: readonly Point[], u: number, v: number): boolean {
  let inside = false;
  let [previousU, previousV] = corners[corners.length - 1]!;
  for (const [cornerU, cornerV] of corners) {
    if (cornerV > v !== previousV > v) {
      const crossing = cornerU + ((v - cornerV) * (previousU - cornerU)) / (previousV - cornerV);
      if (u < crossing) inside = !inside;
    }
    previousU = cornerU;
    previousV = cornerV;
  }
  return inside;
}

/** The sextic (x² + y² − 1)³ < x²y³. */
function inHeart(u: number, v: number): boolean {
  const x = u * 1.2;
  const y = -v * 1.2 + 0.1;
  return (x * x + y * y - 1) ** 3 < x * x * y ** 3;
}
