/** Style and behaviour of report.html, inlined by hash. No build step, no library. */

export const STYLE = `
:root{color-scheme:light dark;--bg:#fbfbfa;--fg:#1c1e21;--dim:#595f67;--line:#dcdfe3;--card:#fff;--good:#14693a;--bad:#b3121d;--unsure:#75309b;--warn:#8a5200;--skip:#595f67;--good-bg:#e4f3ea;--bad-bg:#fbe6e6;--unsure-bg:#f1e7f8;--warn-bg:#fdf0d9;--skip-bg:#eef0f2;--focus:#1257c4;--p0:#8a94a3;--p1:#5a8dd6;--p2:#8a63c9;--p3:#d98a2b;--p4:#2f9e6e}
@media (prefers-color-scheme:dark){:root{--bg:#15171a;--fg:#e8eaed;--dim:#a6adb7;--line:#343940;--card:#1d2025;--good:#6fd49b;--bad:#ff8f8f;--unsure:#d6a8f5;--warn:#f3be6b;--skip:#a6adb7;--good-bg:#15301f;--bad-bg:#3d1719;--unsure-bg:#2f1c3d;--warn-bg:#3a2a0f;--skip-bg:#262a30;--focus:#8ab8ff;--p0:#7c8694;--p1:#6fa3ea;--p2:#a584de;--p3:#e39a45;--p4:#45b585}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;overflow-wrap:anywhere}
header,main,footer{max-width:1120px;margin:0 auto;padding:0 24px}
header{padding-top:32px;padding-bottom:20px;border-bottom:4px solid var(--line)}
header.good{border-color:var(--good)}header.bad{border-color:var(--bad)}header.unsure{border-color:var(--unsure)}
.eyebrow,.when,.dim,footer{color:var(--dim);font-size:13px}
.eyebrow,.when{margin:0}
h1{font-size:34px;line-height:1.15;margin:6px 0 4px;letter-spacing:-.01em}
header.good h1{color:var(--good)}header.bad h1{color:var(--bad)}header.unsure h1{color:var(--unsure)}
h1 .of{color:var(--fg);font-weight:400}
h2{font-size:19px;margin:36px 0 12px}
.counts{display:flex;flex-wrap:wrap;gap:8px;list-style:none;padding:0;margin:16px 0 0}
.counts li{padding:4px 12px;border-radius:16px;font-size:14px}
.counts b{font-size:16px}
.fail{color:var(--bad);background:var(--bad-bg)}.inconclusive{color:var(--unsure);background:var(--unsure-bg)}.warn{color:var(--warn);background:var(--warn-bg)}.pass{color:var(--good);background:var(--good-bg)}.skip{color:var(--skip);background:var(--skip-bg)}
.reason{font-weight:600}
.when a{color:inherit}.brief p{margin:12px 0 4px}.brief ol{margin:0;padding-left:22px}.brief li{margin:6px 0;max-width:80ch}
.blocking{margin-top:12px}.blocking ul{margin:8px 0;padding-left:20px;font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px}
.scroll{position:relative;overflow-x:auto;overflow-wrap:normal}
table{border-collapse:collapse}
.grid th[scope=col] span{display:inline-block;font-weight:500;font-size:12px;color:var(--dim)}
.grid th[scope=col]{padding:4px 3px;text-align:center;vertical-align:bottom}
.grid th[scope=row]{text-align:left;font-weight:500;padding:2px 14px 2px 0;white-space:nowrap;font-size:14px}
.grid th[scope=col]:first-child{text-align:left;font-size:12px;color:var(--dim);font-weight:500}
.grid td{padding:2px 3px;text-align:center}
.cell{width:100%;min-width:40px;min-height:28px;border:1px solid transparent;border-radius:6px;font:600 14px/1 inherit;cursor:pointer}
.cell:hover{border-color:currentColor}
.none::before{content:"·";color:var(--dim)}
.filters{display:flex;flex-wrap:wrap;gap:12px;align-items:end;margin:0 0 8px}
.filters label{display:flex;flex-direction:column;font-size:12px;color:var(--dim);gap:3px}
input,select,button{font:inherit;color:inherit}
.filters input,.filters select,.filters button,#more{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:6px 10px;min-height:36px;color:var(--fg);max-width:240px}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
#shown{color:var(--dim);font-size:13px;margin:6px 0}
details.result{background:var(--card);border:1px solid var(--line);border-radius:8px;margin:6px 0}
details.result>summary{display:flex;flex-wrap:wrap;gap:4px 10px;align-items:baseline;padding:9px 12px;cursor:pointer;list-style:none}
details.result>summary::-webkit-details-marker{display:none}
.badge{display:inline-block;border-radius:10px;padding:1px 9px;font-size:12px;font-weight:600;white-space:nowrap}
.check{font-weight:600}.subject{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px}
.title{flex-basis:100%;color:var(--dim);font-size:14px}
.body{padding:0 12px 12px;border-top:1px solid var(--line)}
.body p{margin:10px 0 0}
.body table{width:100%;margin-top:10px;font-size:13px;table-layout:fixed}
.body th{text-align:left;font-weight:500;color:var(--dim);padding:4px 10px 4px 0;border-bottom:1px solid var(--line)}
.body td{padding:5px 10px 5px 0;vertical-align:top;border-bottom:1px solid var(--line);font-family:ui-monospace,Menlo,Consolas,monospace}
.holds{color:var(--dim)}.holds .note{display:block;color:var(--good);font-family:system-ui,sans-serif}
.command{display:flex;gap:8px;align-items:flex-start;margin-top:10px}
.command code{flex:1;background:var(--skip-bg);border-radius:6px;padding:8px 10px;font:13px/1.45 ui-monospace,Menlo,Consolas,monospace;white-space:pre-wrap}
.command button{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:6px 10px;cursor:pointer}
.plain{font-size:14px}.plain td:not(.number):not(.nowrap){min-width:150px}.plain th,.plain td{text-align:left;padding:5px 16px 5px 0;border-bottom:1px solid var(--line);font-weight:400}.plain thead th{color:var(--dim);font-size:12px}
.drill h3{font-size:15px;margin:20px 0 6px}.drill ul{padding-left:20px;margin:6px 0}.facts th[scope=row]{font-weight:500;min-width:120px}.facts td,.facts th{vertical-align:top}
.nowrap,.plain thead th{white-space:nowrap}.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.waterfall{width:100%;font-size:13px}.waterfall th{text-align:left;font-weight:500;padding-right:14px;white-space:nowrap;width:1%}.waterfall td:last-child{width:1%;padding-left:12px}
.legend{display:flex;flex-wrap:wrap;gap:14px;font-size:13px;color:var(--dim);margin:0 0 8px}.legend i{display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:6px;vertical-align:-1px}
.p0{fill:var(--p0);background:var(--p0)}.p1{fill:var(--p1);background:var(--p1)}.p2{fill:var(--p2);background:var(--p2)}.p3{fill:var(--p3);background:var(--p3)}.p4{fill:var(--p4);background:var(--p4)}
.spans th{font-weight:400}.spans td:last-child{width:26%;color:var(--dim)}.spans td:nth-child(3){width:1%;padding-left:12px}
figure{margin:0 0 26px;padding:12px 14px;background:var(--card);border:1px solid var(--line);border-radius:8px;break-inside:avoid}figcaption{font-weight:600;margin-bottom:8px}figure>p{margin:8px 0 0}figure svg[viewBox]{width:100%;height:auto;display:block}figure details{margin-top:6px}figure summary{cursor:pointer;font-size:13px;color:var(--dim)}
.axis{fill:none;stroke:var(--line);stroke-width:1.5}.tick{fill:var(--dim);font-size:12px}.model{fill:none;stroke:var(--unsure);stroke-width:2;stroke-dasharray:6 4}circle.ok{fill:var(--good)}path.no{fill:none;stroke:var(--bad);stroke-width:1.6}span.ok{color:var(--good)}span.no{color:var(--bad)}
.bar-pass{fill:var(--good)}.bar-fail{fill:var(--bad)}.bar-warn{fill:var(--warn)}.bar-inconclusive{fill:var(--unsure)}.bar-skip{fill:var(--line)}.bar-earlier{fill:var(--p1)}
.state{fill:var(--fg);font-size:13px;font-weight:600}.life{stroke:var(--line);stroke-width:1.5;fill:none}.arrow path{fill:none;stroke-width:1.8}.arrow text{font-size:12px}.line-pass path{stroke:var(--good)}.line-pass text{fill:var(--good)}.line-fail path{stroke:var(--bad)}.line-fail text{fill:var(--bad)}.line-warn path{stroke:var(--warn)}.line-warn text{fill:var(--warn)}.line-inconclusive path{stroke:var(--unsure)}.line-inconclusive text{fill:var(--unsure)}.line-skip path{stroke:var(--skip)}.line-skip text{fill:var(--skip)}
.skips,.requirements{padding:0;list-style:none}.skips li,.requirements li{margin:6px 0}.skips summary{cursor:pointer}.skips ul{padding-left:22px;margin:4px 0 12px;font-size:14px}
.sign dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(200px,1fr));gap:24px;margin:24px 0}.sign dt{font-size:12px;color:var(--dim)}.sign dd{margin:0;border-bottom:1px solid var(--fg);min-height:34px}
footer{border-top:1px solid var(--line);margin-top:40px;padding-top:14px;padding-bottom:36px}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip-link{position:absolute;left:-999px}.skip-link:focus{left:12px;top:12px;background:var(--card);padding:8px 12px;border-radius:6px;z-index:1}
@media (max-width:640px){header,main,footer{padding-left:16px;padding-right:16px}h1{font-size:26px}.filters label{flex:1 1 45%}.filters input,.filters select{max-width:none;width:100%}.waterfall th{white-space:normal;width:34%}.body>table,.body>table tbody,.body>table tr,.body>table td{display:block;border:0;padding:0}.body>table thead{display:none}.body>table tr{border-top:1px solid var(--line);padding:6px 0}.body>table td:nth-child(2)::before,.body>table td:nth-child(3)::before{color:var(--dim);font-family:system-ui,sans-serif}.body>table td:nth-child(2)::before{content:'expected '}.body>table td:nth-child(3)::before{content:'received '}}
@media print{:root{--bg:#fff;--card:#fff}body{font-size:11px}.filters,#more,.command button,.skip-link{display:none}details.result{break-inside:avoid;border-color:#999}.scroll{overflow:visible}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
`

export const SCRIPT = `
(()=>{'use strict';
const {texts,results}=JSON.parse(document.getElementById('data').textContent);
const NAMES={pass:'pass',warn:'warning',fail:'failure',inconclusive:'inconclusive',skip:'not looked at'};
const list=document.getElementById('list'),shown=document.getElementById('shown'),more=document.getElementById('more');
const form=document.querySelector('.filters');
const f={text:document.getElementById('f-text'),outcome:document.getElementById('f-outcome'),suite:document.getElementById('f-suite'),host:document.getElementById('f-host')};
let whole=false,limit=100,matching=[];
const el=(name,cls,text)=>{const node=document.createElement(name);if(cls)node.className=cls;if(text!==undefined)node.textContent=text;return node};
const hay=results.map(r=>(texts[r.c]+' '+r.s+' '+(r.k===undefined?'':texts[r.k])+' '+texts[r.t]+' '+(r.r||'')).toLowerCase());
function body(r){
 const box=el('div','body');
 if(r.w)box.append(el('p','',r.w));
 if(r.r)box.append(el('p','',(r.b?r.b+': ':'')+r.r));
 if(r.e&&r.e.length){const table=el('table'),head=el('tr');for(const name of['what','expected','received'])head.append(Object.assign(el('th','',name),{scope:'col'}));const thead=el('thead');thead.append(head);const rows=el('tbody');
  for(const [what,expected,received,where,holds]of r.e){const row=el('tr',holds?'holds':''),got=el('td','',received);if(holds)got.append(el('span','note','as it must be'));row.append(el('td','',where?what+' ('+where+')':what),el('td','',expected),got);rows.append(row)}table.append(thead,rows);box.append(table)}
 if(r.y!==undefined&&texts[r.y])box.append(el('p','',texts[r.y]));
 if(r.f!==undefined&&texts[r.f]){const p=el('p');p.append(el('strong','','Fix: '),document.createTextNode(texts[r.f]));box.append(p)}
 if(r.p){const line=el('div','command'),code=el('code','',r.p),copy=el('button','','Copy');copy.type='button';copy.setAttribute('aria-label','Copy the command that shows it');copy.addEventListener('click',async()=>{try{await navigator.clipboard.writeText(r.p);copy.textContent='Copied'}catch{const range=document.createRange();range.selectNodeContents(code);const s=getSelection();s.removeAllRanges();s.addRange(range);copy.textContent='Selected'}});line.append(code,copy);box.append(line)}
 const facts=[];if(r.u!==undefined&&texts[r.u])facts.push(texts[r.u]);if(r.q&&r.q.length)facts.push('requirements '+r.q.join(', '));if(r.a)facts.push(r.a.slice(0,19).replace('T',' ')+' UTC, '+r.d.toFixed(0)+' ms'+(r.n>1?', '+r.n+' tries':''));
 if(facts.length)box.append(el('p','dim',facts.join(' · ')));
 if(r.e===undefined)box.append(el('p','dim','Its evidence stands in report.json.'));
 return box}
function item(r){
 const d=el('details','result'),s=el('summary');
 s.append(el('span','badge '+r.o,NAMES[r.o]),el('span','check',texts[r.c]),el('span','subject',r.s));
 if(r.k!==undefined)s.append(el('span','dim',texts[r.k]));
 s.append(el('span','dim',r.v),el('span','title',texts[r.t]));
 d.append(s);
 const fill=()=>{if(d.childElementCount===1)d.append(body(r))};
 d.addEventListener('toggle',()=>{if(d.open)fill()});
 if((r.o==='fail'||r.o==='inconclusive')&&matching.indexOf(r)<10){d.open=true;fill()}
 return d}
function render(){list.replaceChildren(...matching.slice(0,limit).map(item));more.hidden=matching.length<=limit;
 shown.textContent=matching.length===0?(f.outcome.value==='open'&&!f.text.value&&!f.suite.value&&!f.host.value&&!whole?'No failures, no warnings, nothing inconclusive.':'Nothing matches.'):matching.length+' of '+results.length+' verdicts'}
function apply(){const t=f.text.value.trim().toLowerCase(),o=f.outcome.value,s=f.suite.value,h=f.host.value;limit=100;
 matching=results.filter((r,i)=>(!t||hay[i].includes(t))&&(o===''||(o==='open'?r.o==='fail'||r.o==='warn'||r.o==='inconclusive':r.o===o))&&(!s||texts[r.c].startsWith(s+'/'))&&(whole?texts[r.h]==='':!h||texts[r.h]===h));render()}
form.addEventListener('submit',e=>e.preventDefault());
form.addEventListener('input',()=>{whole=false;apply()});
form.addEventListener('reset',()=>{whole=false;setTimeout(apply)});
more.addEventListener('click',()=>{limit+=200;render()});
document.querySelector('.grid')?.addEventListener('click',e=>{const cell=e.target.closest('.cell');if(!cell)return;f.text.value='';f.outcome.value='';f.suite.value=cell.dataset.suite;f.host.value=cell.dataset.host;whole=cell.dataset.host==='';apply();const h=document.getElementById('findings');h.focus();h.scrollIntoView()});
addEventListener('beforeprint',()=>{limit=matching.length;render();for(const d of document.querySelectorAll('#list details,.skips details,.blocking'))d.open=true});
apply();
})();
`
