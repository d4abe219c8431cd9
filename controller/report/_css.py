"""The style sheet of the report: two columns, by day and by night, on paper too."""

CSS = """
:root{color-scheme:light dark;--ink:#1b2430;--soft:#5d6977;--line:#dde3ea;--page:#f5f7f9;
 --card:#fff;--good:#22865b;--warn:#b87408;--bad:#c43c3c}
@media (prefers-color-scheme:dark){:root{--ink:#e3e8ee;--soft:#98a4b3;--line:#2c3642;--page:#12171d;
 --card:#1a2129;--good:#4cc38f;--warn:#e8a93d;--bad:#ef6b6b}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);
 font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1120px;margin:0 auto;padding:28px 20px 60px}
header h1{font-size:26px;margin:0 0 2px;letter-spacing:-.01em}
header p{margin:0;color:var(--soft)}
.note{border-left:4px solid var(--warn);background:var(--card);padding:8px 14px;margin:14px 0 0;border-radius:0 6px 6px 0}
.cards{display:grid;grid-template-columns:repeat(6,1fr);gap:12px;margin:22px 0 8px}
.card{background:var(--card);border:1px solid var(--line);border-top:4px solid var(--soft);border-radius:8px;padding:12px 14px}
.card.good{border-top-color:var(--good)}.card.warn{border-top-color:var(--warn)}.card.bad{border-top-color:var(--bad)}
.card:first-child{grid-column:span 2}
.card h2{font-size:12.5px;font-weight:600;color:var(--soft);margin:0}
.card b{display:block;font-size:25px;line-height:1.25;font-weight:650;letter-spacing:-.01em;font-variant-numeric:tabular-nums}
.card p{margin:4px 0 0;font-size:13.5px;color:var(--soft)}
.grid{display:grid;grid-template-columns:1fr 1fr;gap:14px}
section{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:14px 18px;margin:14px 0 0;break-inside:avoid}
.grid section{margin:0}.grid{margin-top:14px}
section h2{font-size:16px;margin:0}
section>p{margin:2px 0 8px;color:var(--soft);font-size:13.5px}
svg{display:block;width:100%;height:auto;font-family:inherit;color:var(--ink)}
.grid svg{max-height:430px}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
th{text-align:left;font-weight:600;color:var(--soft)}
th,td{padding:5px 12px 5px 0;border-bottom:1px solid var(--line);vertical-align:top}
td.n,th.n{text-align:right}
tr:last-child td{border-bottom:0}
details{margin-top:14px;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px 18px}
summary{cursor:pointer;font-weight:600}
pre{overflow:auto;font:12.5px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
.scroll{overflow-x:auto}
@media (max-width:980px){.cards{grid-template-columns:repeat(2,1fr)}}
@media (max-width:760px){.grid{grid-template-columns:1fr}.card:first-child{grid-column:auto}}
@media print{:root{color-scheme:light;--ink:#000;--soft:#444;--line:#bbb;--page:#fff;--card:#fff}
 body{font-size:11pt}main{max-width:none;padding:0}details{display:none}}
"""
