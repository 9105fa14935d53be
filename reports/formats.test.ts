/** Every format against its own reader: golden files, the schema, an XML parser, the rules of the exposition format, a terminal. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { marked } from 'marked'
import { describe, expect, test } from 'vitest'
import { html } from './html.ts'
import { jsonPieces } from './json.ts'
import { junit } from './junit.ts'
import { markdown } from './markdown.ts'
import { metrics } from './metrics.ts'
import type { Report } from './report.ts'
import { cells, findings, quiet, type Style, suiteLine, summary } from './terminal.ts'
import { visible } from './sanitize.ts'
import { reportJsonSchema, reportSchema } from './schema.ts'
import { hostileReport, longReport, sampleReport } from './testing/sample.ts'

const json = (report: Report): string => [...jsonPieces(report)].join('')
const passed = (): Report =>
  sampleReport({ results: sampleReport().results.filter((one) => one.outcome === 'pass'), gate: { passed: true, exitCode: 0, block: 'high', blocking: [] } })

describe('golden', () => {
  const plain: Style = { colour: false, width: 80 }
  test.each<[string, (report: Report) => string]>([
    ['report.json', json],
    ['report.md', markdown],
    ['junit.xml', junit],
    ['metrics.prom', metrics],
    ['report.html', html],
    ['terminal.txt', (report) => `${findings(plain, report)}\n${summary(plain, report, 'postproof-report')}\n`],
    ['quiet.txt', (report) => `${quiet(plain, report)}\n`],
  ])('%s', async (name, render) => {
    await expect(render(sampleReport())).toMatchFileSnapshot(`golden/${name}`)
  })
})

describe('report.json', () => {
  const ajv = new Ajv2020({ allErrors: true, strict: true })
  ;(formats as unknown as (ajv: Ajv2020) => void)(ajv)
  const valid = ajv.compile(reportJsonSchema())
  test.each<[string, () => Report]>([
    ['a report with everything', sampleReport],
    ['a green one', passed],
    ['a hostile one', hostileReport],
    ['one without verdicts', () => sampleReport({ results: [] })],
  ])('%s agrees with the published schema', (_name, make) => {
    const value: unknown = JSON.parse(json(make()))
    expect(valid(value), JSON.stringify(valid.errors)).toBe(true)
    // The pieces carry exactly the object.
    expect(value).toEqual(JSON.parse(JSON.stringify(make())))
  })
  test.each<[string, (report: Record<string, unknown>) => void]>([
    ['a missing gate', (report) => void delete report.gate],
    ['an unknown outcome', (report) => void ((report.results as Record<string, unknown>[])[0]!.outcome = 'ok')],
    ['a count below zero', (report) => void ((report.counts as Record<string, unknown>).pass = -1)],
    ['another version', (report) => void (report.schemaVersion = 2)],
  ])('%s is refused by it', (_name, spoil) => {
    const report = JSON.parse(json(sampleReport())) as Record<string, unknown>
    spoil(report)
    expect(valid(report)).toBe(false)
  })
})

describe('junit.xml', () => {
  const lint = (text: string): { readonly status: number | null; readonly stderr: string } =>
    spawnSync('xmllint', ['--noout', '--nonet', '-'], { input: text, encoding: 'utf8' })
  const count = (text: string, xpath: string): number =>
    Number(spawnSync('xmllint', ['--nonet', '--xpath', `count(${xpath})`, '-'], { input: text, encoding: 'utf8' }).stdout)
  test.each<[string, () => Report]>([
    ['everything', sampleReport],
    ['hostile', hostileReport],
  ])('%s is well-formed, and its counts agree with its elements', (_name, make) => {
    const report = make()
    const text = junit(report)
    expect(lint(text)).toMatchObject({ status: 0, stderr: '' })
    expect(count(text, '//testcase')).toBe(report.results.length)
    expect(count(text, '//failure')).toBe(report.counts.fail)
    expect(count(text, '//error')).toBe(report.counts.inconclusive)
    expect(count(text, '//skipped')).toBe(report.counts.skip)
  })
  test('the parser sees what is not well-formed', () => {
    expect(lint('<a><b></a>').status).not.toBe(0)
  })
})

/** Strict reader of the text exposition format: throws on whatever Prometheus refuses, and on what it silently drops. */
function readMetrics(text: string): ReadonlyMap<string, number> {
  const series = new Map<string, number>()
  const typed = new Set<string>()
  const closed = new Set<string>()
  let current = ''
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  for (const line of text.slice(0, -1).split('\n')) {
    const meta = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line)
    if (meta !== null) {
      const [, kind, name = ''] = meta
      if (name !== current) {
        if (current !== '') closed.add(current)
        current = name
      }
      if (closed.has(name)) throw new Error(`${name} is interrupted by another family`)
      if (kind === 'TYPE' && typed.has(name)) throw new Error(`${name} is typed twice`)
      if (kind === 'TYPE') typed.add(name)
      continue
    }
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?)$/.exec(line)
    if (sample === null) throw new Error(`not a sample: ${line}`)
    const [, name = '', labels = '', value] = sample
    if (name !== current || !typed.has(name)) throw new Error(`${name} comes outside its family`)
    if (series.has(name + labels)) throw new Error(`${name}${labels} comes twice`)
    series.set(name + labels, Number(value))
  }
  return series
}

describe('metrics.prom', () => {
  test.each<[string, () => Report]>([
    ['everything', sampleReport],
    ['hostile', hostileReport],
    ['green', passed],
  ])('%s reads as the exposition format', (_name, make) => {
    expect(readMetrics(metrics(make())).size).toBeGreaterThan(50)
  })
  test('says what an alert needs, in the names an alert knows', () => {
    const red = readMetrics(metrics(sampleReport()))
    expect(red.get('probe_success{instance="api.example.com"}')).toBe(0)
    expect(red.get('probe_success{instance="www.example.com"}')).toBe(1)
    expect(red.get('probe_ssl_earliest_cert_expiry{instance="api.example.com"}')).toBe(Date.parse('2026-02-01T00:00:00Z') / 1000)
    expect(red.get('probe_http_duration_seconds{instance="api.example.com",phase="tls"}')).toBe(0.021)
    expect(red.get('postproof_gate_passed')).toBe(0)
    expect(red.get('postproof_verdicts{suite="tls",outcome="fail",severity="critical"}')).toBe(1)
    expect(red.get('postproof_verdicts{suite="tls",outcome="inconclusive",severity="critical"}')).toBe(0)
    expect(readMetrics(metrics(passed())).get('postproof_gate_passed')).toBe(1)
  })
  test('its labels are a closed set: nothing the target says becomes a series of the verdicts', () => {
    const names = (report: Report): string[] => [...readMetrics(metrics(report)).keys()].filter((key) => key.startsWith('postproof_verdicts{suite="tls"'))
    expect(names(longReport(5_000))).toEqual(names(sampleReport()))
  })
  test('the reader refuses what Prometheus refuses', () => {
    expect(() => readMetrics('a{b="c\n"} 1\n')).toThrow('not a sample')
    expect(() => readMetrics('a 1\n')).toThrow('outside')
    expect(() => readMetrics('# TYPE a gauge\na 1\na 1\n')).toThrow('twice')
  })
})

describe('report.md', () => {
  test('hostile text makes no markup: rendered, every element is one of ours', () => {
    const rendered = marked.parse(markdown(hostileReport()), { async: false, gfm: true })
    const elements = new Set([...rendered.matchAll(/<([a-z][a-z0-9]*)/gi)].map(([, name]) => name?.toLowerCase()))
    expect([...elements].toSorted((a = '', b = '') => (a < b ? -1 : 1))).toEqual([
      'code',
      'details',
      'h1',
      'h2',
      'h3',
      'li',
      'p',
      'pre',
      'summary',
      'table',
      'tbody',
      'td',
      'th',
      'thead',
      'tr',
      'ul',
    ])
    expect([...rendered.matchAll(/<h1>/g)]).toHaveLength(1)
    // Found, not looked at, requirements, sign-off, a drill, a rehearsal.
    expect([...rendered.matchAll(/<h2>/g)]).toHaveLength(6)
  })
})

// biome-ignore lint: the characters a terminal acts on are what is looked for
const STEERS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/

/** As `toReport` hands it on: every text made visible. */
const cleaned = (report: Report): Report =>
  JSON.parse(JSON.stringify(report, (_key, value: unknown) => (typeof value === 'string' ? visible(value) : value))) as Report

describe('terminal', () => {
  const styles: readonly Style[] = [80, 60, 120].flatMap((width) => [true, false].map((colour) => ({ colour, width })))
  test.each(styles)('$width columns, colour $colour: fits, and hostile text steers nothing', (style) => {
    for (const report of [sampleReport(), cleaned(hostileReport()), passed()]) {
      const shown = `${findings(style, report)}\n${summary(style, report, 'postproof-report')}`
      const bare = stripVTControlCharacters(shown)
      expect(bare).not.toMatch(STEERS)
      // The command is there to be copied whole.
      for (const line of bare.split('\n').filter((one) => !one.startsWith('    $ '))) expect(cells(line), line).toBeLessThanOrEqual(style.width)
    }
  })
  test('the summary fits 24 lines of 80', () => {
    for (const report of [sampleReport(), longReport(4_000)])
      expect(summary({ colour: false, width: 80 }, report, 'postproof-report').split('\n').length).toBeLessThan(24)
  })
  test('no suite and no count is cut off at 80 columns', () => {
    const report = sampleReport()
    const suites = ['caching', 'cookies', 'cors', 'dns', 'exposure', 'headers', 'health', 'performance', 'redirects', 'routing', 'tls', 'websocket']
    const [first] = report.results
    const many: Report = {
      ...report,
      target: { ...report.target, name: 'changemaker', hosts: ['listmonk.example.com'] },
      counts: { pass: 123_456, warn: 0, fail: 0, inconclusive: 0, skip: 2_345 },
      results: suites.map((suite) => ({ ...(first as Report['results'][number]), suite, host: 'listmonk.example.com' })),
    }
    for (const width of [80, 72, 60]) {
      const shown = summary({ colour: false, width }, many, undefined)
      expect(shown).toMatch(/2345\s+skipped/)
      for (const suite of suites) expect(shown, `${width}: ${suite}`).toMatch(new RegExp(`${suite.slice(0, 3)}|also judged: .*${suite}`))
    }
  })
  test('a suite that judges no host stands below the grid', () => {
    const report = sampleReport()
    const [first] = report.results
    const { host: _host, ...rest } = first as Report['results'][number]
    const results = [...report.results, { ...rest, suite: 'backup', outcome: 'pass' as const }, { ...rest, suite: 'mail', outcome: 'fail' as const }]
    expect(summary({ colour: false, width: 80 }, { ...report, results }, undefined)).toMatch(/besides the hosts: backup ✓ {2}mail ✗/)
  })
  test('a suite with a verdict more than was planned is drawn full', () => {
    const counts = { pass: 3, warn: 0, fail: 0, inconclusive: 0, skip: 0 }
    for (const done of [0, 2, 3]) expect(cells(suiteLine({ colour: false, width: 80 }, { suite: 'run', total: 2, done, counts }))).toBeLessThanOrEqual(80)
  })
  test('the same finding of several subjects is told once, with their names', () => {
    const [first] = sampleReport().results as [Report['results'][number]]
    const red = { ...first, outcome: 'fail' as const, code: 'tls.expired' }
    const other = { ...red, subject: 'other.example.com', evidence: [{ what: 'notAfter', expected: 'after 2026-03-01', received: '2025-01-01' }] }
    const hosts = ['a', 'b', 'c'].map((name) => ({ ...red, subject: `${name}.example.com` }))
    const shown = findings({ colour: false, width: 80 }, { ...sampleReport(), results: [...hosts, other] })
    expect(shown.match(/✗ fail/g)).toHaveLength(2)
    expect(shown).toMatch(/a\.example\.com[\s\S]*\n {4}the same: b\.example\.com, c\.example\.com\n/)
    const many = Array.from({ length: 90 }, (_, index) => ({ ...red, subject: `host-${index}.example.com` }))
    expect(findings({ colour: false, width: 60 }, { ...sampleReport(), results: many })).toMatch(/the same: host-1\.example\.com and 88 more\n/)
  })
  test('what one missing answer has blinded is told once, whatever probe met it', () => {
    const [first] = sampleReport().results as [Report['results'][number]]
    const blind = (because: string, subject: string) => ({
      ...first,
      check: `tls/${subject}`,
      subject,
      outcome: 'inconclusive' as const,
      reason: 'connect: refused',
      because,
    })
    const shown = (...results: Report['results']) => findings({ colour: false, width: 80 }, { ...sampleReport(), results })
    expect(shown(blind('one', 'a'), blind('two', 'b'))).toMatch(/connect: refused[\s\S]*and 1 more verdict is blind for the same cause\n/)
    expect(shown(blind('one', 'a'), blind('two', 'b'), blind('two', 'c'))).toMatch(/and 2 more verdicts are blind for the same cause\n/)
  })
  test('warnings of one check take one line', () => {
    const [first] = sampleReport().results as [Report['results'][number]]
    const results = ['a', 'b', 'c'].map((subject) => ({ ...first, outcome: 'warn' as const, code: 'tls.old', subject }))
    expect(findings({ colour: false, width: 80 }, { ...sampleReport(), results })).toMatch(/^! warn {2}tls\/validity {2}a and 2 more: notAfter: [^\n]*\n$/)
  })
  test('what is as it must be is told as such, and not on the terminal', () => {
    const [first] = sampleReport().results as [Report['results'][number]]
    const evidence = [
      { what: 'GET /a', expected: '404', received: '200' },
      { what: 'GET /b', expected: '404', received: '404', holds: true as const },
    ]
    const report = { ...sampleReport(), results: [{ ...first, outcome: 'fail' as const, code: 'tls.expired', evidence }] }
    expect(findings({ colour: false, width: 80 }, report)).toMatch(/GET \/a[\s\S]*… 1 more in the report/)
    expect(findings({ colour: false, width: 80 }, report)).not.toContain('GET /b')
    expect(markdown(report)).toMatch(/`GET \/b` \| `404` \| `404` as it must be \|/)
    expect(html(report)).toContain('["GET /b","404","404","",1]')
    expect(junit(report)).toMatch(/GET \/b: expected 404; received 404 \(as it must be\)/)
    expect(reportSchema.parse(report)).toMatchObject({ results: [{ evidence }] })
  })
  test('a narrowed run and failures that did not block are told where it is signed', () => {
    const report = sampleReport()
    const told: Report = { ...report, gate: { passed: true, exitCode: 0, block: 'high', blocking: [] }, selection: { checks: ['tls/validity'] } }
    for (const page of [html(told), markdown(told)]) {
      expect(page).toContain('Narrowed: only checks tls/validity were asked for')
      expect(page).toMatch(/\d+ verdicts that are not green did not block: below high, or waived/)
    }
    expect(html(passed())).not.toMatch(/Narrowed|did not block/)
  })
  test('of one, everything is in the singular', () => {
    const report = sampleReport()
    const one: Report = {
      ...report,
      target: { ...report.target, hosts: ['example.com'] },
      run: { ...report.run, checks: 1, connections: 1 },
      counts: { ...report.counts, warn: 1 },
    }
    expect(html(one)).toContain('1 check on 1 host · 1 connection<')
    expect(html(one)).toMatch(/<b>1<\/b> warning</)
    expect(markdown(one)).toContain(' 1 warning,')
  })
  test('failures come before what is unsure, and that before warnings', () => {
    const shown = findings({ colour: false, width: 80 }, sampleReport())
    const places = ['tls/validity', 'health/endpoint', 'headers/hsts'].map((id) => shown.indexOf(id))
    expect(places.every((place) => place >= 0)).toBe(true)
    expect(places).toEqual([...places].sort((a, b) => a - b))
  })
})

test('the schema that is shipped is the one that is tested', () => {
  const printed = spawnSync(process.execPath, [fileURLToPath(new URL('schema.ts', import.meta.url))], { encoding: 'utf8' })
  expect(JSON.parse(printed.stdout)).toEqual(reportJsonSchema())
})

test('a suite of which nothing is declared takes no column anywhere, and is told among what was not looked at', () => {
  const base = sampleReport()
  const [first] = base.results
  if (first === undefined) throw new TypeError('the sample is empty')
  const { host: _host, code: _code, ...rest } = first
  const undeclared = {
    ...rest,
    check: 'uploads/limit',
    suite: 'uploads',
    subject: 'example.com',
    outcome: 'skip',
    skip: 'not-declared',
    reason: 'no upload',
    evidence: [],
  } as const
  const report = sampleReport({ results: [...base.results, undeclared] })
  expect(summary({ colour: false, width: 100 }, report, undefined)).not.toContain('uplo')
  const page = html(report)
  expect(/<table class="grid"[\s\S]*?<\/table>/.exec(page)?.[0]).not.toContain('uploads')
  expect(page).toContain('Nothing seen of</a>: uploads.')
  expect(page).toContain('<strong>uploads</strong> nothing of it <span class="dim">1 not declared</span>')
  expect(page.split('id="findings"')[1]).toContain('uploads/limit')
  expect(markdown(report)).not.toContain('| uploads |')
  expect(markdown(report)).toContain('Nothing seen of: uploads.')
  expect(markdown(report)).toContain('- uploads, nothing of it: 1 not declared')
  expect(markdown(report)).toContain('uploads/limit')
})

test('a golden file is what a reader opens: the page names its policy and no address', () => {
  const page = readFileSync(new URL('golden/report.html', import.meta.url), 'utf8')
  expect(page).toContain('default-src &#39;none&#39;')
  expect(page.replaceAll(/https:\/\/(?:[a-z]+\.)?example\.com[^"'\s<]*/g, '')).not.toMatch(/(?:src|href)="https?:/)
})
