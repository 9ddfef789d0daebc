// How the page looks: one column on a telephone, two or three on a larger screen; light or dark as the system is set. No I/O.

export const STYLE = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--line:#d9dee5;--text:#16202c;--soft:#55616f;
--ok:#0b7a4b;--unknown:#9a5b00;--temp:#b3261e;--bar:#2f6fb3}
@media(prefers-color-scheme:dark){:root{--bg:#10151c;--card:#18202a;--line:#2c3744;--text:#e8edf3;--soft:#a3b0bf;
--ok:#4cc38a;--unknown:#e5a54b;--temp:#ff8a80;--bar:#6cb0f5}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:16px/1.5 system-ui,"Noto Sans CJK JP","Hiragino Sans",sans-serif;
font-variant-numeric:tabular-nums}
header,main{max-width:76rem;margin:0 auto;padding:1rem}
header{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:baseline;padding-bottom:0}
h1{font-size:1.35rem;margin:0;letter-spacing:-.01em}
h2{font-size:.95rem;margin:0 0 .75rem;font-weight:650}
.state{font-weight:650;padding:.15rem .8rem;border-radius:99px;border:2px solid currentColor;color:var(--ok)}
.state.trouble,.state.lost{color:var(--temp)}.state.attack{color:var(--unknown)}
.soft{color:var(--soft);font-size:.875rem}
main>noscript,main>div{grid-column:span 12;min-width:0}main>div{display:grid;gap:1rem;align-content:start}
html:not([data-live]) svg,html:not([data-live]) dd>span{display:none}
main{display:grid;grid-template-columns:repeat(12,1fr);gap:1rem}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1rem;grid-column:span 12;min-width:0}
.tiles{display:grid;grid-template-columns:repeat(3,1fr);gap:.5rem;margin:0 0 .75rem}
.tiles div{border-left:3px solid var(--c);padding-left:.6rem;min-width:0}
.tiles dt{font-size:.8rem;color:var(--soft)}
.tiles dd{margin:0;font-size:1.6rem;line-height:1.2;font-weight:650}
.tiles small{display:block;font-size:.75rem;font-weight:400;color:var(--soft)}
.OK{--c:var(--ok)}.NOTFOUND{--c:var(--unknown)}.TEMP{--c:var(--temp)}
svg{display:block;width:100%;height:auto;overflow:visible}
svg text{fill:var(--soft);font-size:11px}
path.OK,path.NOTFOUND,path.TEMP{fill:none;stroke:var(--c);stroke-width:2;vector-effect:non-scaling-stroke;stroke-linejoin:round}
path.NOTFOUND{stroke-dasharray:7 3}path.TEMP{stroke-dasharray:2 3}
line{stroke:var(--line)}rect.bar{fill:var(--bar)}
ul{list-style:none;margin:0;padding:0}li+li{margin-top:.6rem;padding-top:.6rem;border-top:1px solid var(--line)}
li strong::before{content:"";display:inline-block;width:.65rem;height:.65rem;border-radius:50%;background:var(--soft);margin-right:.45rem}
li.up strong::before{background:var(--ok)}li.down strong::before{background:var(--temp);border-radius:2px}
li{overflow-wrap:anywhere}
meter{width:100%;height:.7rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th{text-align:left;font-weight:600;color:var(--soft);font-size:.8rem}
th,td{padding:.3rem .8rem .3rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td.n,th.n{text-align:right;padding-right:0}
td.key{overflow-wrap:anywhere;min-width:12rem}
:focus-visible{outline:3px solid var(--bar);outline-offset:2px}
@media(max-width:40rem){svg text{font-size:21px}}
@media(min-width:60rem){.wide{grid-column:span 8}main>.narrow{grid-column:span 4}.half{grid-column:span 6}}
`;
