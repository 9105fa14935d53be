/**
 * report.html: one file, offline, strict CSP by hash, readable without a mouse and without scripts' help for the verdict itself. The data travels as
 * JSON in a script element and becomes text nodes only; nothing from the target is ever markup.
 */
import { createHash } from 'node:crypto'
import { caveats, NAMES, RANK, suitesLookedAt, worstFirst } from './order.ts'
import type { Outcome } from '../helpers/verdict.ts'
import { SCRIPT, STYLE } from './html-assets.ts'
import type { HostTiming } from '../helpers/seen.ts'
import { drillSections } from './drill-section.ts'
import { figures } from './figures.ts'
import { Markup, markup } from './markup.ts'
import type { Signed } from './attestation/statement.ts'
import { leftBehind, type Report, type ReportResult, usedInWords } from './report.ts'
import { comesFirst, scope, subjectsInWords, unseen } from './summary.ts'

/** Above this many results the passes and skips are embedded without their evidence: the whole stands in report.json. */
const FULL_RESULTS = 3_000

const MARKS: Readonly<Record<Outcome, string>> = { pass: '✓', warn: '!', fail: '✗', inconclusive: '?', skip: '–' }

/** JSON that can stand inside a script element whatever it says. */
const embedded = (value: unknown): string =>
  JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('>', '\\u003e')
    .replaceAll('&', '\\u0026')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

const some = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

function verdict(report: Report): { readonly word: string; readonly tone: string } {
  if (report.gate.interrupted === true) return { word: 'Interrupted', tone: 'bad' }
  if (report.gate.passed) return { word: 'Passed', tone: 'good' }
  return report.gate.exitCode === 2 ? { word: 'Could not tell', tone: 'unsure' } : { word: 'Failed', tone: 'bad' }
}

function grid(report: Report): Markup {
  const suites = suitesLookedAt(report.results)
  const cells = new Map<string, { outcome: Outcome; counts: Record<Outcome, number> }>()
  const rows = [...report.target.hosts]
  let whole = false
  for (const result of report.results) {
    const row = result.host ?? ''
    if (!suites.includes(result.suite)) continue
    if (row === '') whole = true
    const key = `${row}\n${result.suite}`
    const known = cells.get(key) ?? { outcome: 'skip', counts: { pass: 0, warn: 0, fail: 0, inconclusive: 0, skip: 0 } }
    known.counts[result.outcome] += 1
    if (RANK[result.outcome] < RANK[known.outcome]) known.outcome = result.outcome
    cells.set(key, known)
  }
  const row = (host: string, title: string): Markup =>
    markup`<tr><th scope="row">${title}</th>${suites.map((suite) => {
      const cell = cells.get(`${host}\n${suite}`)
      if (cell === undefined) return markup`<td class="none"><span class="sr">nothing judged</span></td>`
      const counts = (['fail', 'inconclusive', 'warn', 'pass', 'skip'] as const)
        .filter((outcome) => cell.counts[outcome] > 0)
        .map((outcome) => `${cell.counts[outcome]} ${NAMES[outcome]}`)
      return markup`<td><button type="button" class="cell ${cell.outcome}" data-host="${host}" data-suite="${suite}" title="${counts.join(', ')}"><span aria-hidden="true">${MARKS[cell.outcome]}</span><span class="sr">${title}, ${suite}: ${counts.join(', ')}</span></button></td>`
    })}</tr>`
  return markup`<div class="scroll" role="region" aria-label="Hosts by suites" tabindex="0"><table class="grid"><caption class="sr">Worst outcome per host and suite; a cell filters the list below</caption><thead><tr><th scope="col">Host</th>${suites.map((suite) => markup`<th scope="col"><span>${suite}</span></th>`)}</tr></thead><tbody>${rows.map((host) => row(host, host))}${whole ? row('', 'whole target') : undefined}</tbody></table></div>`
}

const PHASES = [
  ['dnsMs', 'DNS', 'p0'],
  ['connectMs', 'connect', 'p1'],
  ['tlsMs', 'TLS', 'p2'],
  ['ttfbMs', 'wait', 'p3'],
  ['transferMs', 'transfer', 'p4'],
] as const

function waterfall(timings: readonly HostTiming[]): Markup | undefined {
  if (timings.length === 0) return undefined
  const total = (one: HostTiming): number => PHASES.reduce((sum, [key]) => sum + (one[key] ?? 0), 0)
  const longest = Math.max(1, ...timings.map(total))
  const shown = [...timings].sort((a, b) => total(b) - total(a)).slice(0, 200)
  const bar = (one: HostTiming): Markup => {
    let x = 0
    const parts = PHASES.map(([key, name, style]) => {
      const value = one[key] ?? 0
      const width = (value / longest) * 100
      const part = markup`<rect class="${style}" x="${x.toFixed(3)}%" y="2" width="${Math.max(width, value > 0 ? 0.3 : 0).toFixed(3)}%" height="14"><title>${name} ${value.toFixed(1)} ms</title></rect>`
      x += width
      return part
    })
    const words = PHASES.filter(([key]) => one[key] !== undefined)
      .map(([key, name]) => `${name} ${(one[key] ?? 0).toFixed(1)} ms`)
      .join(', ')
    return markup`<tr><th scope="row">${one.host}</th><td><svg role="img" aria-label="${words}" width="100%" height="18" preserveAspectRatio="none">${parts}</svg></td><td class="number">${total(one).toFixed(1)} ms</td></tr>`
  }
  return markup`<section aria-labelledby="timings"><h2 id="timings">Where the time went</h2><p class="legend">${PHASES.map(([, name, style]) => markup`<span><i class="${style}"></i>${name}</span>`)} the fastest look of each phase</p><table class="waterfall"><caption class="sr">An exchange with each host by phase, the fastest look of each</caption><thead class="sr"><tr><th scope="col">Host</th><th scope="col">Phases</th><th scope="col">Total</th></tr></thead><tbody>${shown.map(bar)}</tbody></table></section>`
}

function certificates(report: Report): Markup | undefined {
  if (report.certificates.length === 0) return undefined
  const now = Date.parse(report.finishedAt)
  const days = (to: string): number => Math.floor((Date.parse(to) - now) / 86_400_000)
  return markup`<section aria-labelledby="certificates"><h2 id="certificates">Certificates</h2><div class="scroll" role="region" aria-label="Certificate table" tabindex="0"><table class="plain"><thead><tr><th scope="col">Host</th><th scope="col">Issuer</th><th scope="col">Ends</th><th scope="col">Days</th><th scope="col">Session</th></tr></thead><tbody>${report.certificates
    .slice(0, 500)
    .map(
      (one) =>
        markup`<tr><th scope="row" class="nowrap">${one.host}</th><td>${one.issuer}</td><td class="nowrap">${one.notAfter.slice(0, 10)}</td><td class="number">${days(one.notAfter)}</td><td>${one.protocol} · ${one.cipher}${one.group === undefined ? '' : ` · ${one.group}`}${one.alpn === undefined ? '' : ` · ${one.alpn}`}</td></tr>`,
    )}</tbody></table></div></section>`
}

function requirements(report: Report): Markup | undefined {
  if (report.requirements.length === 0) return undefined
  return markup`<section aria-labelledby="requirements"><h2 id="requirements">By requirement</h2><ul class="requirements">${report.requirements.map((one) => markup`<li><span class="badge ${one.outcome}">${NAMES[one.outcome]}</span> <strong>${one.id}</strong> ${one.checks.join(', ')}</li>`)}</ul></section>`
}

function notLooked(report: Report): Markup | undefined {
  const suites = unseen(report)
  if (suites.length === 0) return undefined
  return markup`<section aria-labelledby="skipped"><h2 id="skipped">Not looked at, and why</h2><ul class="skips">${suites.map(
    (one) =>
      markup`<li><details><summary><strong>${one.suite}</strong>${one.whole ? ' nothing of it' : undefined} <span class="dim">${one.kinds}</span></summary><ul>${one.reasons.map(({ reason, count, checks }) => markup`<li>${reason} <span class="dim">${count === 1 ? undefined : `${count} times: `}${checks.slice(0, 6).join(', ')}${checks.length > 6 ? ` and ${checks.length - 6} more` : undefined}</span></li>`)}</ul></details></li>`,
  )}</ul></section>`
}

/** What a reader with one minute must know: what to do first, and how far the look went. */
function brief(report: Report): Markup {
  const { things } = comesFirst(report)
  const { seen, unseen: blind } = scope(report)
  const { blocking, block } = report.gate
  return markup`${
    things.length === 0
      ? undefined
      : markup`<section class="brief" aria-label="What comes first"><p>What comes first:</p><ol>${things.map((one) => markup`<li><strong>${one.title}</strong> <span class="subject">${subjectsInWords(one.subjects)}</span><br>${one.reason ?? one.fix}</li>`)}</ol></section>`
  }${blocking.length === 0 ? undefined : markup`<details class="blocking"><summary>${blocking.length} ${blocking.length === 1 ? 'verdict blocks' : 'verdicts block'} the gate (${block} and above)</summary><ul>${blocking.slice(0, 200).map((line) => markup`<li>${line}</li>`)}</ul></details>`}<p class="when">${seen.length === 0 ? 'Nothing was looked at' : `Looked at: ${seen.join(', ')}`}.${blind.length === 0 ? undefined : markup` <a href="#skipped">Nothing seen of</a>: ${blind.join(', ')}.`}</p>`
}

/** What the list needs of each result, as JSON piece by piece: texts that repeat are stored once, and all of them stand before the results. */
function* data(report: Report): Generator<string> {
  const texts: string[] = []
  const places = new Map<string, number>()
  const once = (text: string): number => {
    const known = places.get(text)
    if (known !== undefined) return known
    places.set(text, texts.length)
    texts.push(text)
    return texts.length - 1
  }
  const slim = report.results.length > FULL_RESULTS
  const shown = (result: ReportResult): object => ({
    c: once(result.check),
    s: result.subject,
    h: once(result.host ?? ''),
    o: result.outcome,
    v: result.severity,
    ...(result.code === undefined ? {} : { k: once(result.code) }),
    ...(result.reason === undefined ? {} : { r: result.reason }),
    ...(result.blame === undefined ? {} : { b: result.blame }),
    ...(result.waiver === undefined ? {} : { w: `Waived until ${result.waiver.expires} by ${result.waiver.owner}: ${result.waiver.reason}` }),
    t: once(result.title),
    ...(slim && (result.outcome === 'pass' || result.outcome === 'skip')
      ? {}
      : {
          e: result.evidence.slice(0, 50).map((item) => [item.what, item.expected, item.received, item.where ?? '', ...(item.holds === undefined ? [] : [1])]),
          y: once(result.why),
          f: once(result.fix),
          u: once(result.source),
          p: result.reproduce,
          q: result.requirements,
          a: result.startedAt,
          d: result.durationMs,
          n: result.attempts,
        }),
  })
  const sorted = [...report.results].sort(worstFirst)
  for (const result of sorted) shown(result)
  yield `{"texts":${embedded(texts)},"results":[`
  let first = true
  for (const result of sorted) {
    yield `${first ? '' : ','}${embedded(shown(result))}`
    first = false
  }
  yield ']}'
}

/** Where the data goes. No text of ours or of the target holds it: what is not printed plainly is escaped long before. */
const DATA = '\u0000data\u0000'

export const html = (report: Report, signed?: Signed): string => [...htmlPieces(report, undefined, signed)].join('')

/** @param _whole every format is handed it; what the page shows is in memory */
export function* htmlPieces(report: Report, _whole?: unknown, signed?: Signed): Generator<string> {
  const page = pageOf(report, signed)
  const at = page.indexOf(DATA)
  yield page.slice(0, at)
  yield* data(report)
  yield page.slice(at + DATA.length)
}

/** Blank lines to sign by hand, or what was signed. */
function signOff(report: Report, signed: Signed | undefined): Markup {
  const entries: readonly (readonly [string, string])[] =
    signed === undefined
      ? [
          ['Performed by', ''],
          ['Reviewed by', ''],
          ['Decision', ''],
          ['Date', ''],
        ]
      : [
          ['Performed by', signed.performedBy],
          ['Reviewed by', signed.reviewedBy ?? ''],
          ['Decision', signed.decision],
          ['Date', `${signed.signedAt.slice(0, 19).replace('T', ' ')} UTC`],
        ]
  return markup`<section class="sign" aria-labelledby="sign"><h2 id="sign">Sign-off</h2><dl>${entries.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>${signed?.note === undefined ? undefined : markup`<p>${signed.note}</p>`}<p class="dim">Target sha256 ${report.target.sha256}${signed === undefined ? '' : `; signed with the key ${signed.keyid}, to be verified by: postproof report verify`}</p></section>`
}

function pageOf(report: Report, signed: Signed | undefined): string {
  const { word, tone } = verdict(report)
  const { counts } = report
  const seconds = ((Date.parse(report.finishedAt) - Date.parse(report.startedAt)) / 1000).toFixed(1)
  const suites = [...new Set(report.results.map((result) => result.suite))]
  const policy = `default-src 'none'; style-src ${hash(STYLE)}; script-src ${hash(SCRIPT)}; base-uri 'none'; form-action 'none'`
  const vantage = Object.entries(report.vantage)
    .filter(([, value]) => typeof value !== 'object')
    .map(([name, value]) => `${name}: ${String(value)}`)
    .join(' · ')
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${word}: ${report.target.name} · postproof</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<a class="skip-link" href="#findings">Skip to the findings</a>
<header class="${tone}">
<p class="eyebrow">postproof ${report.tool.version} · ${report.target.domain} · ${report.target.environment}</p>
<h1>${word} <span class="of">${report.target.name}</span></h1>
<p class="when"><time datetime="${report.startedAt}">${report.startedAt.slice(0, 19).replace('T', ' ')} UTC</time> · ${seconds} s · ${some(report.run.checks, 'check')} on ${some(report.target.hosts.length, 'host')} · ${some(report.run.connections, 'connection')}</p>
<ul class="counts" aria-label="Verdicts">${(['fail', 'inconclusive', 'warn', 'pass', 'skip'] as const).map((outcome) => markup`<li class="${outcome}"><b>${counts[outcome]}</b> ${outcome === 'skip' ? 'not looked at' : outcome === 'pass' ? 'passed' : outcome === 'fail' ? 'failed' : outcome === 'warn' ? (counts.warn === 1 ? 'warning' : 'warnings') : 'inconclusive'}</li>`)}</ul>
${caveats(report).map((line) => markup`<p class="reason">${line}.</p>`)}
${report.gate.reason === undefined ? undefined : markup`<p class="reason">${report.gate.reason}</p>`}
${brief(report)}
${report.run.aborted === undefined ? undefined : markup`<p class="reason">The run ended early: ${report.run.aborted}</p>`}${
  (report.run.cleanedUp ?? []).length === 0
    ? undefined
    : markup`<p class="reason">Removed at the end: ${
        (report.run.cleanedUp ?? [])
          .filter(({ removed }) => removed)
          .map(({ what }) => what)
          .join(', ') || 'nothing'
      }${leftBehind(report).length === 0 ? '' : `. Not removed: ${leftBehind(report).join('; ')}`}</p>`
}
</header>
<main>
<section aria-labelledby="overview"><h2 id="overview">Hosts and suites</h2>${grid(report)}</section>
<section aria-labelledby="findings"><h2 id="findings" tabindex="-1">Findings</h2>
<form class="filters" aria-label="Filter the findings">
<label>Text <input id="f-text" type="search" autocomplete="off" placeholder="check, host, code"></label>
<label>Outcome <select id="f-outcome"><option value="open">failures and warnings</option><option value="">all</option><option value="fail">failures</option><option value="inconclusive">inconclusive</option><option value="warn">warnings</option><option value="pass">passes</option><option value="skip">not looked at</option></select></label>
<label>Suite <select id="f-suite"><option value="">all</option>${suites.map((suite) => markup`<option>${suite}</option>`)}</select></label>
<label>Host <select id="f-host"><option value="">all</option>${report.target.hosts.slice(0, 2000).map((host) => markup`<option>${host}</option>`)}</select></label>
<button type="reset">Reset</button>
</form>
<p id="shown" role="status" aria-live="polite"></p>
<div id="list"></div>
<button id="more" type="button" hidden>Show more</button>
<noscript><p>Without scripts the findings stand in report.md and report.json beside this file.</p></noscript>
</section>
${drillSections(report)}
${figures(report)}
${requirements(report)}
${waterfall(report.timings)}
${certificates(report)}
${notLooked(report)}
${signOff(report, signed)}
</main>
<footer><p>${vantage}</p>${report.run.used === undefined || report.run.used.requests === 0 ? undefined : markup`<p>Used by what acts on the target: ${usedInWords(report.run.used)}.</p>`}<p>Every pass carries evidence; a check that could not look is inconclusive, never green. The same facts for machines: report.json.</p></footer>
<script type="application/json" id="data">${new Markup(DATA)}</script>
<script>${new Markup(SCRIPT)}</script>
</body>
</html>
`
  return page.text
}
