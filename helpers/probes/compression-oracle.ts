/** Whether a page puts what a visitor sends beside a secret and compresses both together (BREACH). Facts only; values of secrets stay here. */
import { readStartTags } from '../grammar/html.ts'
import { parseSetCookie } from '../grammar/set-cookie.ts'
import { bodyText, headerValue, headerValues, isHtml } from '../headers.ts'
import type { HttpObservation } from '../observations.ts'
import { type Observed, type Probe, ProbeError } from '../probe.ts'
import type { Host } from '../target.ts'
import { documentOf, httpGet } from './http.ts'

export interface CompressionOracle {
  readonly document: HttpObservation
  readonly html: boolean
  /** Names of what looks like a secret in the document. */
  readonly secrets: readonly string[]
  /** The document again, as the same visitor, with a word of ours in the query and compression offered; asked only where there are secrets. */
  readonly again?: Observed<{
    readonly response: HttpObservation
    /** Content-Encoding, where there is one. */
    readonly coding?: string
    readonly reflected: boolean
    /** Names of secrets with the same value as before: what changes every time cannot be guessed letter by letter. */
    readonly same: readonly string[]
  }>
}

/** What is sent in the query. */
export const CANARY = 'postproofreflection7f3a91'
const SECRET = /csrf|xsrf|authenticity[-_]?token|requestverificationtoken|anti[-_]?forgery|^_?(?:form_?)?token$/i
const IN_SCRIPT = /((?:csrf|xsrf)[\w-]{0,20})["']?\s*[:=]\s*["']([\w+/=.-]{8,200})["']/gi
const SHORTEST = 8

/** Names and values. */
function secretsOf(seen: HttpObservation): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const { name, attributes, text } of readStartTags(bodyText(seen)).tags) {
    const value = attributes.get(name === 'meta' ? 'content' : 'value') ?? ''
    const called = attributes.get('name') ?? attributes.get('id') ?? ''
    const holds = name === 'meta' || (name === 'input' && attributes.get('type')?.toLowerCase() === 'hidden')
    if (holds && SECRET.test(called) && value.length >= SHORTEST) found.set(called, value)
    if (name === 'script' && text !== undefined)
      for (const { index, 1: end = '', 2: secret = '' } of text.matchAll(IN_SCRIPT))
        found.set(`${/[\w-]*$/.exec(text.slice(Math.max(0, index - 20), index))?.[0] ?? ''}${end}`, secret)
  }
  return found
}

/** @throws ProbeError of the document's request */
export function compressionOracle(host: Host): Probe<CompressionOracle> {
  return {
    kind: 'compressionOracle',
    key: `compressionOracle https://${host.fqdn}${host.path}`,
    impact: 'read',
    cost: { connections: 0, requests: 1 },
    host: host.fqdn,
    timeoutMs: 60_000,
    async run(context) {
      const chain = await context.observe(documentOf(host))
      if (!chain.ok) throw new ProbeError(chain.failure)
      const document = chain.value.hops.at(-1)
      if (document === undefined) throw new ProbeError({ code: 'EOF', message: `${host.fqdn} answered nothing`, phase: 'response' })
      const html = isHtml(document)
      const secrets = html ? secretsOf(document) : new Map<string, string>()
      const names = [...secrets.keys()]
      if (names.length === 0) return { document, html, secrets: names }
      const cookies = new Map<string, string>()
      for (const field of chain.value.hops.flatMap((hop) => headerValues(hop.headers, 'set-cookie'))) {
        const read = parseSetCookie(field)
        if (read.ok && read.cookie.name !== '') cookies.set(read.cookie.name, read.cookie.value)
      }
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const url = `${document.url}${document.url.includes('?') ? '&' : '?'}q=${CANARY}`
      const seen = await context.observe(httpGet(url, { headers: [['accept-encoding', 'gzip, br'], ...(cookie === '' ? [] : [['cookie', cookie] as const])] }))
      if (!seen.ok) return { document, html, secrets: names, again: seen }
      const response = seen.value
      const later = secretsOf(response)
      const coding = headerValue(response.headers, 'content-encoding')?.trim().toLowerCase()
      const value = {
        response,
        ...(coding === undefined || coding === '' || coding === 'identity' ? {} : { coding }),
        reflected: bodyText(response).includes(CANARY),
        same: names.filter((name) => later.get(name) === secrets.get(name)),
      }
      return { document, html, secrets: names, again: { ...seen, value } }
    },
  }
}
