export { lineChartSvg, writeFigures } from "./figures.js";
export { describeFinding, type Finding } from "./finding.js";
export { type HeatMapOptions, heatMapSvg } from "./heat-map-svg.js";
export type { ChartPoint, ChartSeries, ChartSpec } from "./line-chart.js";
export { type ReportOptions, renderReport } from "./page.js";
export type { Theme } from "./palette.js";
export { type PaperNumber, paperNumbers } from "./paper.js";
export { reportProgram } from "./program.js";
