import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { isJsonType, isScriptType, readContentType } from '../../helpers/grammar/content-type.ts'
import { readContentTypeOptions } from '../../helpers/grammar/x-content-type-options.ts'
import { bodyText, headerValues } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { attempt } from '../../helpers/probe.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { type Asset, firstPartyAssets } from '../../helpers/probes/page.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { lookAt } from './probes.ts'
import { declaredPaths } from './responses.ts'
import { curlDocument, documentOr, evidenceOf, noPages, showsPages, shownValues, usable } from './shared.ts'

const isJson = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null
  } catch {
    return false
  }
}
const knownCharset = (label: string): boolean => {
  try {
    return new TextDecoder(label).encoding !== ''
  } catch {
    return false
  }
}

/** One answer; where an interface is asked, it must not be a page. */
function judgeOne(seen: HttpObservation, asked: 'document' | 'interface'): Finding[] {
  const values = headerValues(seen.headers, 'content-type')
  const evidence = evidenceOf(seen, 'Content-Type', asked === 'interface' ? 'the type of the data' : 'a media type, with charset for text', shownValues(values))
  const [value] = values
  if (value === undefined)
    return seen.body.length === 0
      ? [{ grade: 'pass', evidence: { ...evidence, received: 'absent, with an empty body' } }]
      : [{ grade: 'fail', code: 'headers.content-type.missing', evidence }]
  const read = readContentType(value)
  if (!read.ok) return [{ grade: 'fail', code: 'headers.content-type.invalid', evidence: { ...evidence, received: `${evidence.received}: ${read.error}` } }]
  const html = read.essence === 'text/html' || read.essence === 'application/xhtml+xml'
  const body = bodyText(seen)
  if (asked === 'interface' && html && seen.status < 400)
    return [
      {
        grade: 'fail',
        code: 'headers.content-type.html-for-data',
        evidence: { ...evidence, received: `${evidence.received}, ${isJson(body) ? 'though the body is JSON' : 'a page'}` },
      },
    ]
  // A page type over JSON lets values in the data become markup.
  if (html && !seen.truncated && isJson(body))
    return [{ grade: 'fail', code: 'headers.content-type.html-for-data', evidence: { ...evidence, received: `${evidence.received}, though the body is JSON` } }]
  if (isJsonType(read) && !seen.truncated && seen.body.length > 0 && /^\s*<(?:!doctype|html)/i.test(body))
    return [
      { grade: 'fail', code: 'headers.content-type.data-for-html', evidence: { ...evidence, received: `${evidence.received}, though the body is a page` } },
    ]
  const findings: Finding[] = []
  if (read.flaws.length > 0)
    findings.push({ grade: 'warn', code: 'headers.content-type.flawed', evidence: { ...evidence, received: `${evidence.received}: ${read.flaws.join('; ')}` } })
  if (html && read.charset === undefined) findings.push({ grade: 'warn', code: 'headers.content-type.charset-missing', evidence })
  if (read.charset !== undefined && !knownCharset(read.charset)) findings.push({ grade: 'warn', code: 'headers.content-type.charset-unknown', evidence })
  return findings.length > 0 ? findings : [{ grade: 'pass', evidence }]
}

/** Scripts and styles that say nosniff must bear their own type, or browsers do not load them (Fetch §3.6). */
function judgeAsset({ reference, seen: looked }: Asset): Finding[] {
  const seen = usable(looked)
  const script = reference?.tag === 'script'
  const style = reference?.tag === 'link' && reference.rel.includes('stylesheet')
  if (seen === undefined || seen.status !== 200 || !(script || style) || !readContentTypeOptions(headerValues(seen.headers, 'x-content-type-options')).nosniff)
    return []
  // Data blocks are no scripts: their type is not asked for.
  if (script && reference.type !== undefined && !/^(?:|module|(?:text|application)\/javascript)$/.test(reference.type)) return []
  const values = headerValues(seen.headers, 'content-type')
  const read = readContentType(values[0] ?? '')
  const right = read.ok && (script ? isScriptType(read) : read.essence === 'text/css')
  const evidence = evidenceOf(seen, 'Content-Type', script ? 'a script type: text/javascript' : 'text/css', shownValues(values))
  return [right ? { grade: 'pass', evidence } : { grade: 'fail', code: 'headers.content-type.asset', evidence }]
}

export default defineCheck({
  id: 'headers/content-type',
  title: 'Answers say what they are',
  failureTitle: 'An answer does not say what it is, or says the wrong thing',
  why: 'Browsers run what is called a page; data under that name runs the markup inside it. Without a charset the reader guesses.',
  source: 'RFC 9110 §8.3; MIME Sniffing §4; ASVS 4.1.1',
  severity: 'medium',
  codes: {
    'headers.content-type.missing': {
      meaning: 'An answer with a body has no Content-Type.',
      fix: 'Set it in the application; nginx: include mime.types; default_type application/octet-stream;',
    },
    'headers.content-type.invalid': { meaning: 'The value is no media type.', fix: 'Write type/subtype; parameters follow a semicolon.' },
    'headers.content-type.html-for-data': {
      meaning: 'Data is served as a page, or a page answers where data is asked for.',
      fix: 'Send application/json; do not let the page fallback cover interface paths.',
    },
    'headers.content-type.data-for-html': { meaning: 'A page is served as data.', fix: 'Send text/html; charset=utf-8.' },
    'headers.content-type.asset': {
      meaning: 'A script or style has another type; with nosniff browsers do not load it.',
      fix: 'nginx: include mime.types; in the http block.',
    },
    'headers.content-type.charset-missing': {
      meaning: 'A page does not name its character set in the header.',
      fix: 'nginx: charset utf-8; or set it in the application.',
    },
    'headers.content-type.charset-unknown': { meaning: 'The character set is none that browsers know.', fix: 'charset=utf-8' },
    'headers.content-type.flawed': { meaning: 'A parameter is broken or given twice.', fix: 'Write charset=utf-8 once.' },
  },
  options: {},
  subjects: eachHost(showsPages),
  unless: noPages,
  needs: (subject, target) => ({
    chain: documentOf(hostOf(subject)),
    assets: attempt(firstPartyAssets(hostOf(subject))),
    looked: lookAt(
      hostOf(subject),
      declaredPaths(hostOf(subject), target).map((path) => ({ path })),
    ),
  }),
  judge: ({ chain, looked, assets }, { subject }) => {
    const host = hostOf(subject)
    const basis = documentOr(chain, host)
    if (basis.verdict !== undefined) return basis.verdict
    // What is declared to be data; the entry of an interface host may well be a page about it.
    const routes = new Set([
      ...(host.declared.apiPaths ?? []),
      ...Object.entries(host.declared.paths ?? {}).flatMap(([path, { contentType }]) => (contentType?.includes('json') === true ? [path] : [])),
    ])
    return worst([
      ...judgeOne(basis.seen, 'document'),
      ...(assets.ok ? assets.value.assets.flatMap(judgeAsset) : []),
      ...looked.flatMap(({ path, seen }) => {
        const other = usable(seen)
        return other === undefined || (other.status >= 300 && other.status < 400) ? [] : judgeOne(other, routes.has(path) ? 'interface' : 'document')
      }),
    ])
  },
  reproduce: curlDocument,
  covers: [],
})
