/** The page's look: serif prose, sans tables with even figures, two palettes, one column that folds at 700 px. */
import { paletteVariables, SANS, SERIF } from "./palette.js";

export const styles = `
:root{color-scheme:light dark;${paletteVariables("light")}}
@media (prefers-color-scheme:dark){:root{${paletteVariables("dark")}}}
@media print{:root{color-scheme:light;${paletteVariables("light")};--paper:#fff}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:70rem;padding:clamp(1.25rem,4vw,3.5rem) clamp(1rem,4vw,3rem);background:var(--paper);color:var(--ink);font:1.0625rem/1.55 ${SERIF};overflow-wrap:break-word}
header{border-bottom:1px solid var(--rule);padding-bottom:1.5rem}
h1,h2,h3,h4{font-weight:600;line-height:1.2;text-wrap:balance;margin:0}
h1{font-size:clamp(1.75rem,1.2rem + 2vw,2.5rem);letter-spacing:-.012em}
h2{font-size:1.6rem;margin-bottom:.75rem}
h3{font-size:1.25rem;margin:2.75rem 0 .75rem}
h4{font:600 .875rem/1.4 ${SANS};margin:1.25rem 0 .5rem}
article{margin-top:1rem}
article+article,section+article,main>section{border-top:1px solid var(--rule);padding-top:2.25rem;margin-top:3rem}
main>section:first-child{border-top:0;margin-top:0}
p{margin:.6rem 0;max-width:42rem}
.eyebrow{font:500 .8125rem/1.4 ${SANS};color:var(--muted);margin:0 0 .5rem}
.finding{font-size:1.375rem;line-height:1.35;margin-top:1.1rem;max-width:46rem;text-wrap:pretty}
.details{max-width:46rem;text-wrap:pretty}
.note,figcaption{font:.8125rem/1.5 ${SANS};color:var(--muted);max-width:52rem}
.empty{color:var(--muted);font-style:italic}
.findings{padding-left:1.2em;max-width:46rem}
.findings li{margin:.4rem 0}
a{color:var(--accent);text-underline-offset:.15em}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
figure{margin:0}
figcaption{margin-top:.6rem}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font:.875rem/1.4 ${SANS};font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:.25rem 0 .4rem}
caption.hidden{padding:0}
small{font-size:.8125rem;color:var(--muted)}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,13.5rem),1fr));gap:.7rem 2rem;margin:1.4rem 0 0;font:.875rem/1.45 ${SANS}}
.facts div{min-width:0}
.facts dt{color:var(--muted);font-size:.8125rem}
.facts dd{margin:0}
.plain{margin:.25rem 0 .75rem}
.plain th,.plain td{text-align:left;padding:.32rem 1.1rem .32rem 0;border-bottom:1px solid var(--rule);vertical-align:top;font-weight:400}
.plain thead th{color:var(--muted);font-size:.8125rem;white-space:nowrap;vertical-align:bottom}
.plain .number,.numbers td,.numbers th{text-align:right;white-space:nowrap}
.numbers small{margin-left:.3em}
.results{width:100%}
.results .value{font-weight:600}
.results .metric{white-space:nowrap}
.all .metric{white-space:normal;min-width:6rem}
.all td:first-child{min-width:9rem}
.all .protocol,.all .protocol+td{font-size:.75rem;line-height:1.35;min-width:6rem}
.all .protocol{min-width:19rem}
.results .group th{padding-top:1.1rem;font-weight:600}
.results .group span{font-weight:400;color:var(--muted);margin-left:.5em}
.reference td{color:var(--muted)}
.reference td.value{font-weight:400}
.shapes{display:inline-table;margin-right:2.5rem}
.heat .cells{width:100%;border-collapse:separate;border-spacing:2px}
.cells td{text-align:center;padding:.55rem 0;min-width:2.5rem;border-radius:2px;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.cells th{font-weight:400;color:var(--muted);padding:.1rem .2rem}
.cells .name{text-align:right;padding-right:.7rem;white-space:nowrap;background:var(--paper)}
.cells tbody .name{color:var(--ink)}
.across .name{position:sticky;left:0;z-index:1}
.cells .place th{font:italic .9375rem/1.3 ${SERIF}}
.across .place th:not(.name) span{display:block;border-bottom:1px solid var(--muted);margin:0 3px 2px;padding-bottom:1px}
.across .side th{font-size:.75rem}
.cells .best{outline:2.5px solid var(--ink);box-shadow:0 0 0 5px var(--paper);position:relative;font-weight:700}
.cells .none{color:var(--muted)}
.cells .baselines::before{content:"";display:block;height:.6rem}
.many .cells td{min-width:0;font-size:.6875rem;padding:.55rem 0}
.many .cells th{font-size:.6875rem;padding:.1rem 0}
.many .cells .name{font-size:.8125rem;padding-right:.5rem}
.down{display:none}
.down .cells td{padding:.4rem 0}
.down .place th{text-align:left;padding:.7rem 0 .1rem}
.down .name small{display:inline-block;min-width:3.2em}
.down .baseline{font-size:.75rem;max-width:6rem}
.down .cells{max-width:46rem}
.legend{display:flex;align-items:center;gap:.5rem;margin-bottom:.35rem;font-variant-numeric:tabular-nums}
.ramp{display:block;width:9rem;height:.7rem;border-radius:2px;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.chart svg{display:block;width:100%;height:auto;min-width:38rem;font-variant-numeric:tabular-nums}
details{margin:.8rem 0;font:.875rem/1.5 ${SANS}}
summary{cursor:pointer;color:var(--accent)}
summary:hover{text-decoration:underline}
details>*:not(summary){margin-top:.5rem}
.confusion th{font-weight:400;color:var(--muted);white-space:nowrap}
.confusion tbody th{text-align:right;padding-right:.6rem;color:var(--ink);position:sticky;left:0;background:var(--paper)}
.confusion thead th:not(.corner){vertical-align:bottom;padding-bottom:.35rem}
.confusion thead span{writing-mode:vertical-rl;transform:rotate(180deg);max-height:9rem;overflow:hidden;text-overflow:ellipsis}
.confusion .corner{font-size:.75rem;vertical-align:bottom;text-align:right;padding:0 .6rem .35rem 0}
.confusion td{text-align:center;min-width:2.7rem;padding:.42rem .3rem;border:1px solid var(--paper);print-color-adjust:exact;-webkit-print-color-adjust:exact}
.classes{width:100%;max-width:52rem}
.classes .bar{width:40%;min-width:8rem}
.classes .bar svg{display:block;width:100%;height:.8rem;margin-top:.25rem}
.heads th[scope=row]{min-width:9rem}
.heads th[scope=row] small{display:block;font-size:.75rem;line-height:1.35}
.heads td:last-child{font-size:.75rem;line-height:1.35;min-width:11rem}
.heads .seeds{white-space:nowrap}
.heads .seeds small{display:block}
.wrong,small.wrong{color:var(--warn)}
.heads .dots{min-width:9rem}
.heads .dots svg{display:block;width:9rem;height:1.08rem;margin-top:.1rem}
.models td small{display:block;margin:0;font-weight:400;font-size:.75rem;line-height:1.35}
.summary tr:not(.said)>td{border-bottom:0;padding-bottom:.1rem}
.models th[scope=row]{min-width:7rem}
.models .said td{color:var(--muted);font-size:.75rem;line-height:1.35;padding-top:.1rem;padding-bottom:.55rem}
.models .seeds,.results .seeds{white-space:nowrap}
.models .dots{min-width:9rem}
.models .dots svg{display:block;width:9rem;height:1.08rem;margin-top:.1rem}
.coco .value{font-weight:600}
.coco tbody+tbody tr:first-child>*{padding-top:.9rem}
.key{list-style:none;margin:.25rem 0 1rem;padding:0;display:flex;flex-wrap:wrap;gap:.3rem 1.1rem;font:.8125rem/1.5 ${SANS}}
.key li{display:flex;align-items:center;gap:.45rem}
.key svg{width:26px;height:10px}
.swatch{display:inline-block;flex:none;width:.8rem;height:.8rem;border-radius:2px;box-shadow:0 0 0 1px color-mix(in srgb,var(--ink) 25%,transparent);print-color-adjust:exact;-webkit-print-color-adjust:exact}
th .swatch{margin-right:.5rem;vertical-align:-.08rem}
.finds{list-style:none;margin:0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,24rem),1fr));gap:1.5rem 1.25rem}
.finds li{min-width:0}
.finds figure svg{display:block;width:100%;height:auto;border-radius:3px;background:var(--panel);font-family:${SANS};print-color-adjust:exact;-webkit-print-color-adjust:exact}
.finds figcaption{color:var(--ink)}
.finds figcaption small{display:block}
.finds tbody th{text-align:left;white-space:normal;overflow-wrap:anywhere;min-width:4rem}
.finds thead th:first-child{text-align:left}
.finds details{margin:.35rem 0 0;font-size:.8125rem}
.segments{list-style:none;margin:0;padding:0}
.segments h4{margin:1.1rem 0 .45rem}
.segments h4 span{display:inline-block;font-weight:400;color:var(--muted);margin-left:.4em;font-variant-numeric:tabular-nums}
.segments .panels{display:grid;grid-template-columns:repeat(4,1fr)}
.segments .panels figure{width:auto}
.segments .panels svg{image-rendering:auto}
.segments .map{image-rendering:pixelated}
.segments .panels figcaption{color:var(--muted)}
.further h4{margin-top:1.4rem}
.further{border-top:1px solid var(--rule);padding-top:.6rem}
.gazes{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;column-gap:2rem}
.gazes>li{border-top:1px solid var(--rule);padding:.9rem 0 .3rem}
.gazes details{margin:.4rem 0}
.panels{display:flex;flex-wrap:wrap;gap:.9rem}
.panels figure{width:7.5rem}
.panels svg{display:block;width:100%;height:auto;border-radius:3px;background:var(--panel);image-rendering:pixelated;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.panels figcaption{color:var(--ink);margin-top:.3rem;line-height:1.35;font-variant-numeric:tabular-nums}
.panels figcaption small{display:block;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;font-size:.75rem}
.panels.small figure{width:5.5rem}
.panels.small figcaption{font-size:.75rem;color:var(--muted)}
.gallery{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:1rem}
.gallery li{width:6.5rem}
.gallery img{display:block;width:6rem;height:6rem;object-fit:contain;image-rendering:pixelated;background:var(--panel);border-radius:3px}
.gallery figcaption{color:var(--ink);margin-top:.3rem;line-height:1.35}
.gallery small{display:block;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;font-size:.75rem}
.samples img{display:block;max-width:100%;height:auto;image-rendering:pixelated;background:var(--panel);border-radius:3px}
.probability{font-variant-numeric:tabular-nums;color:var(--muted)}
pre{background:var(--panel);border-radius:4px;padding:.7rem .9rem;overflow-x:auto;font:.8125rem/1.5 ui-monospace,'Cascadia Mono',Menlo,Consolas,'Liberation Mono',monospace;margin:.4rem 0}
code{font-family:ui-monospace,'Cascadia Mono',Menlo,Consolas,'Liberation Mono',monospace;font-size:.8125rem;overflow-wrap:anywhere}
footer{margin-top:3.5rem;border-top:1px solid var(--rule);padding-top:.9rem;font:.8125rem/1.5 ${SANS};color:var(--muted)}
@media screen and (max-width:1399px){.many .across{display:none}.many .down{display:block}}
@media screen and (min-width:1400px){.many .across{margin-inline:calc(50% - min(48vw,50rem))}}
@media screen and (max-width:700px){.cells th{padding:.1rem}.many .down td{font-size:.75rem}.across{display:none}.down{display:block}.results .value,.plain td{padding-right:.8rem}.segments .panels{grid-template-columns:repeat(2,1fr)}}
@media print{body{max-width:none;padding:0;font-size:10pt}.scroll{overflow:visible}figure,tr,.gallery li,.finds li,.panels{break-inside:avoid}.finds{grid-template-columns:repeat(2,1fr)}h2,h3,h4{break-after:avoid}summary{color:var(--ink)}details::details-content{content-visibility:visible;block-size:auto}.chart svg{min-width:0}.cells td{min-width:0;font-size:8pt}.cells th{font-size:8pt;padding:.1rem}.many .across{display:none}.many .down{display:block}.many .down td{padding:.15rem 0}table{font-size:8pt}.heads th,.heads td{padding-right:.5rem}.heads th[scope=row],.heads td:last-child{min-width:0}.all td:first-child,.all .metric,.all .protocol{min-width:0}.all .protocol{font-size:7pt}.heads .dots{min-width:0}.heads .dots svg{width:5rem;height:.6rem}.heads small,.heads td:last-child,.models small,.models .said td{font-size:7pt}.models th,.models td{padding-right:.4rem}.models thead th{white-space:normal}.models th[scope=row],.models .dots{min-width:0}.models .dots svg{width:5rem;height:.6rem}.finds th,.finds td{padding-right:.4rem}}
`;
