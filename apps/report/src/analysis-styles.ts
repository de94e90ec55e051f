/** What analyses need beside the page's own look. */
import { SANS } from "./palette.js";

export const analysisStyles = `
.surface{margin:1rem 0 .25rem}
.surface .cells{border-collapse:separate;border-spacing:2px}
.surface .cells td{min-width:3.2rem}
.surface .name{position:sticky;left:0;z-index:1}
.surface caption{font:600 .875rem/1.4 ${SANS};white-space:nowrap}
.pairs td,.pairs th{font-size:.6875rem}
.surface.pairs .cells td{min-width:2.2rem;padding:.34rem .1rem}
.pairs thead th{vertical-align:bottom}
.pairs thead span{writing-mode:vertical-rl;transform:rotate(180deg);white-space:nowrap;max-height:14rem;overflow:hidden;text-overflow:ellipsis}
.pairs tbody .name{max-width:15rem;overflow:hidden;text-overflow:ellipsis}
.tapped{list-style:none;margin:0;padding:0}
.tapped>li{border-top:1px solid var(--rule);padding:.6rem 0 .3rem}
.tapped h4{margin:.2rem 0 .5rem}
.tapped h4 small{font-weight:400;margin-left:.4em}
.panels img{display:block;width:100%;height:auto;image-rendering:pixelated;background:var(--panel);border-radius:3px;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.row{align-items:flex-start;margin-bottom:.7rem}
.row figure:first-child{margin-right:.9rem}
.row figure:first-child img{outline:2px solid var(--ink);outline-offset:1px}
.found{display:flex;flex-wrap:wrap;gap:1.2rem;margin:.5rem 0}
.found figure{width:min(100%,19rem)}
.found svg{display:block;width:100%;height:auto;border-radius:3px;background:var(--panel);font-family:${SANS};print-color-adjust:exact;-webkit-print-color-adjust:exact}
.found image{image-rendering:pixelated}
.stages th[scope=row]{min-width:9rem}
.stages small{display:block;white-space:nowrap}
.stages .after>*{font-weight:600}
.stages .after small{font-weight:400}
.stages .dots{min-width:9rem}
.stages .dots svg{display:block;width:9rem;height:1.08rem}
.tapped .numbers th{white-space:normal;min-width:4.5rem}
.tapped .numbers tbody th{overflow-wrap:anywhere}
@media print{.stages thead th{white-space:normal}.stages th[scope=row],.stages .dots{min-width:0}.stages .dots svg{width:5rem;height:.6rem}.stages th,.stages td{padding-right:.4rem}.every-pair{display:none}.tapped .numbers{font-size:6pt}.tapped .numbers th,.tapped .numbers td{min-width:0;white-space:normal;padding-right:.25rem}.surface .cells td{min-width:0;font-size:7pt}.surface.pairs td,.surface.pairs th{font-size:5pt;padding:1pt}.found figure{width:10rem}}
`;
