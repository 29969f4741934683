"""This file is how the report looks: on a telephone and a desk, in light and dark, and on paper."""

from eutectic.campaigns.figures.palette import ACCENT, GRID, INK, MUTED, SHADE

SHEET = """
:root{color-scheme:light dark;--card:#fff;--ink:#1f2933;--muted:#5b6773;--line:#e4e7eb;--accent:#0f609b;
  --soft:#f5f7fa;--guide:#7b8794;--shade:#dcecf8;--warn:#fff8e6}
@media screen and (prefers-color-scheme:dark){
:root{--card:#1a2129;--ink:#e3e8ee;--muted:#a3b0bd;--line:#34414e;--accent:#6cb6ee;
  --soft:#11161b;--guide:#8d9baa;--shade:#1f3c55;--warn:#3a2f12}
}
@media print{:root{color-scheme:light}}
*{box-sizing:border-box}
body{margin:0;background:var(--soft);color:var(--ink);font:15px/1.55 Inter,"Segoe UI",Helvetica,Arial,sans-serif}
main{max-width:1180px;margin:0 auto;padding:28px 20px 60px}
header,section,nav.contents{background:var(--card);border:1px solid var(--line);border-radius:10px;
  padding:24px 28px;margin-bottom:18px;min-width:0}
section{scroll-margin-top:8px}
h1{font-size:28px;line-height:1.25;margin:2px 0 10px;overflow-wrap:anywhere}
h2{font-size:19px;margin:0 0 12px}
h3{font-size:15px;margin:22px 0 8px}
p{margin:0 0 12px;overflow-wrap:anywhere}
a{color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
nav.contents{padding:14px 28px}
nav.contents ol{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:4px 20px}
nav.contents a{text-decoration:none;display:inline-block;padding:3px 0}
nav.contents a:hover{text-decoration:underline}
.brand{color:var(--accent);font-weight:600;font-size:13px;letter-spacing:.04em;margin:0}
.lead{font-size:17px;max-width:64em;overflow-wrap:anywhere}
.note{color:var(--muted);font-size:13px;margin-top:8px}
.warn{background:var(--warn);border-left:3px solid #f0b429;padding:8px 12px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(170px,100%),1fr));gap:12px;margin-top:18px}
.tile{background:var(--soft);border-radius:8px;padding:12px 16px;min-width:0;overflow-wrap:anywhere}
.tile span,.tile small{display:block;color:var(--muted);font-size:13px}
.tile b{display:block;font-size:24px;line-height:1.3;font-weight:650}
.scroll{overflow-x:auto;max-width:100%}
.scroll.tall{max-height:460px;overflow-y:auto;border:1px solid var(--line);border-radius:6px}
table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
th,td{padding:6px 10px;text-align:left;border-bottom:1px solid var(--line);vertical-align:top;white-space:nowrap}
th{color:var(--muted);font-weight:600;font-size:12.5px;position:sticky;top:0;background:var(--card);z-index:1;
  white-space:normal;vertical-align:bottom}
th button{all:unset;cursor:pointer;font:inherit;color:inherit}
th button:hover{color:var(--accent)}
th button:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
th[aria-sort=ascending] button::after{content:" \\2191"}
th[aria-sort=descending] button::after{content:" \\2193"}
#decisions table{font-size:12.5px}
#decisions th,#decisions td{padding:5px 7px}
#decisions th.wide{min-width:104px}
tbody tr:hover{background:var(--soft)}
td.num,th.num{text-align:right}
td:has(details){white-space:normal;min-width:260px}
#failures td:nth-child(6),#failures td:nth-child(7){white-space:normal;min-width:200px;overflow-wrap:anywhere}
#question td{white-space:normal}
#again td{white-space:normal;overflow-wrap:anywhere}
#again td:first-child{white-space:nowrap}
sub{font-size:.78em;line-height:0}
figure{margin:0;min-width:0;overflow-x:auto;overflow-y:hidden}
.chart{width:100%}
.views{display:flex;gap:6px;flex-wrap:wrap;margin:0 0 6px}
.views button{font:inherit;font-size:13px;color:var(--ink);background:var(--soft);border:1px solid var(--line);
  border-radius:6px;padding:3px 12px;cursor:pointer}
.views button[aria-pressed=true]{border-color:var(--accent);color:var(--accent);font-weight:600}
pre{background:var(--soft);border-radius:6px;padding:12px 14px;overflow:auto;max-height:420px;
  font-size:12.5px;line-height:1.5}
details{margin:8px 0}
summary{cursor:pointer;color:var(--accent)}
.badge{display:inline-block;border-radius:10px;padding:1px 9px;font-size:12px;font-weight:600;vertical-align:middle}
.badge{background:#e4e7eb;color:#3e4c59}
.badge.done,.badge.finished{background:#e3f4e8;color:#1d6b3a}
.badge.failed{background:#fbe3e3;color:#ba2525}
.badge.refused,.badge.stopped{background:#fff1cf;color:#8d5b06}
.badge.running,.badge.proposed{background:#dcecf8;color:#0f609b}
@media screen and (prefers-color-scheme:dark){
.badge,.badge.returned{background:#34414e;color:#d3dbe3}
.badge.done,.badge.finished{background:#173d26;color:#8fe0ac}
.badge.failed{background:#4d1d1f;color:#ffb3b3}
.badge.refused,.badge.stopped{background:#45350d;color:#f7d58a}
.badge.running,.badge.proposed{background:#173a54;color:#a4d5f8}
}
@media (max-width:640px){
main{padding:10px 8px 40px}
header,section,nav.contents{padding:14px 12px;border-radius:8px;margin-bottom:10px}
h1{font-size:22px}
.lead{font-size:15.5px}
.tiles{grid-template-columns:repeat(2,minmax(0,1fr));gap:8px}
.tile{padding:9px 10px}
.tile b{font-size:19px}
th,td{padding:6px 8px}
}
@media print{
@page{margin:12mm}
body{background:#fff;font-size:10pt}
main{max-width:none;padding:0}
header,section,nav.contents{border:0;border-radius:0;padding:6px 0;margin:0 0 8px}
h2,h3,h4{break-after:avoid}
figure,tr,.tile{break-inside:avoid}
.tiles{grid-template-columns:repeat(4,1fr)}
.scroll,.scroll.tall,pre,figure{overflow:visible;max-height:none}
.scroll.tall{border:0}
table,#decisions table{font-size:7.5pt}
th,td,#decisions th,#decisions td,#again td:first-child{position:static;white-space:normal;overflow-wrap:anywhere;
  min-width:0;padding:2px 4px;font-size:inherit}
#decisions th.wide,td:has(details),#failures td:nth-child(n){min-width:0}
.badge{white-space:nowrap;font-size:inherit;padding:0 3px}
td.num,td:first-child:not(#again td){overflow-wrap:normal}
pre{white-space:pre-wrap;overflow-wrap:anywhere}
.views,.modebar{display:none}
details::details-content{content-visibility:visible;block-size:auto}
.chart .svg-container,.chart .plot-container{width:100%!important;height:auto!important}
.chart .main-svg{width:100%!important;height:auto!important}
.chart .svg-container>svg.main-svg:first-child{position:static!important}
}
"""
"""Everything but the colours inside figures."""
DRAWN = {INK: "ink", MUTED: "guide", GRID: "line", ACCENT: "accent", SHADE: "shade"}
"""A colour that figures are drawn in -> the variable it stands for, which differs in the dark."""


def sheet() -> str:
    """The style sheet; figures are drawn once, in the light's colours, and these rules exchange them in the dark.

    So a page that is printed from a dark screen has light figures without a script being asked.
    """
    rules = [rule for colour, name in DRAWN.items() for rule in _exchanged(colour, name)]
    edges = '.chart .scatterlayer [style*="stroke: rgb(255, 255, 255)"]{stroke:var(--card)!important}'
    written = f".chart .heatmap-label text{{fill:{INK}!important}}"
    return SHEET + "\n".join([*rules, edges, written]) + "\n"


def _exchanged(colour: str, name: str) -> list[str]:
    """Rules for lines and areas that plotly.js drew in a colour."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return [
        f'.chart [style*="{kind}: rgb({red}, {green}, {blue})"]{{{kind}:var(--{name})!important}}'
        for kind in ("stroke", "fill")
    ]
