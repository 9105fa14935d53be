/** When the issuing authority wants the certificate of a host renewed (ACME renewal information, RFC 9773). Two GETs at the authority, none at the host. */
import { isIP } from 'node:net'
import { matchServerName } from '../grammar/server-name.ts'
import type { CertificateFacts, HttpObservation, TlsObservation } from '../observations.ts'
import { type Observed, type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import { httpGet, splitUrl } from './http.ts'
import { tlsHandshake } from './tls.ts'

export interface RenewalInformation {
  readonly tls: TlsObservation
  /** What was asked for; undefined where the certificate has no name there (no authorityKeyIdentifier). */
  readonly url?: string
  /** `absent`: the directory offers no renewal information. `unknown`: the authority does not know the certificate. */
  readonly result: 'read' | 'absent' | 'unknown' | 'no-answer' | 'unreadable'
  readonly detail: string
  /** ISO 8601. */
  readonly window?: { readonly start: string; readonly end: string }
  readonly explanationUrl?: string
}

const MOST_BYTES = 65_536
const jsonOf = (seen: HttpObservation): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(seen.body).toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** RFC 9773 §4.1: key identifier and serial number, base64url without padding. */
function certificateId({ authorityKeyId, serialHex }: CertificateFacts): string | undefined {
  if (authorityKeyId === undefined || authorityKeyId === '' || serialHex === '') return undefined
  return `${Buffer.from(authorityKeyId, 'hex').toString('base64url')}.${Buffer.from(serialHex, 'hex').toString('base64url')}`
}

/** Is it the authority that answers there? What an authority says counts only over a connection that proves who it is. */
async function genuine(context: ProbeContext, url: string): Promise<string | undefined> {
  const parts = splitUrl(url)
  if (parts?.scheme !== 'https' || isIP(parts.host) !== 0) return 'not an https URL with a name'
  const seen = await context.observe(tlsHandshake({ host: parts.host, ...(parts.port === undefined ? {} : { port: parts.port }) }))
  if (!seen.ok) return seen.failure.message
  if (!seen.value.authorized) return `the authority's own certificate is not trusted (${seen.value.authorizationError ?? '?'})`
  const leaf = seen.value.chain[0]
  return leaf !== undefined && matchServerName(parts.host, leaf).matches ? undefined : "the authority's own certificate names another host"
}

async function ask(context: ProbeContext, url: string): Promise<Observed<HttpObservation> | string> {
  const wrong = await genuine(context, url)
  return wrong ?? (await context.observe(httpGet(url, { maxBodyBytes: MOST_BYTES, headers: [['accept', 'application/json']] })))
}

/** @param directory https URL of the ACME directory; asked once per run however many hosts name it */
export function renewalInformation(host: string, directory: string): Probe<RenewalInformation> {
  return {
    kind: 'renewalInformation',
    key: `renewalInformation ${host} ${directory}`,
    impact: 'read',
    cost: { connections: 2, requests: 2 },
    host,
    timeoutMs: 30_000,
    async run(context) {
      const seen = await context.observe(tlsHandshake({ host }))
      if (!seen.ok) throw new ProbeError(seen.failure)
      const tls = seen.value
      const leaf = tls.chain[0]
      if (leaf === undefined) throw new ProbeError({ code: 'NO_CERTIFICATE', message: 'the handshake brought no readable certificate', phase: 'tls' })
      const listed = await ask(context, directory)
      if (typeof listed === 'string') return { tls, result: 'no-answer', detail: `${directory}: ${listed}` }
      if (!listed.ok) return { tls, result: 'no-answer', detail: `${directory}: ${listed.failure.message}` }
      const place = listed.value.status === 200 ? jsonOf(listed.value) : undefined
      if (place === undefined) return { tls, result: 'unreadable', detail: `${directory}: answered ${listed.value.status}, no directory` }
      const base = place['renewalInfo']
      if (typeof base !== 'string') return { tls, result: 'absent', detail: `${directory} offers no renewalInfo` }
      const id = certificateId(leaf)
      if (id === undefined) return { tls, result: 'unknown', detail: 'the certificate names no key of its issuer (authorityKeyIdentifier)' }
      const url = `${base.replace(/\/$/, '')}/${id}`
      const answer = await ask(context, url)
      if (typeof answer === 'string') return { tls, url, result: 'no-answer', detail: answer }
      if (!answer.ok) return { tls, url, result: 'no-answer', detail: answer.failure.message }
      const { status } = answer.value
      if (status === 404 || status === 400) return { tls, url, result: 'unknown', detail: `answered ${status}: the authority does not know this certificate` }
      const said = status === 200 ? jsonOf(answer.value) : undefined
      const window = said?.['suggestedWindow']
      const { start, end } = (typeof window === 'object' && window !== null ? window : {}) as { readonly start?: unknown; readonly end?: unknown }
      const whole = typeof start === 'string' && typeof end === 'string' && Date.parse(start) < Date.parse(end)
      if (!whole) return { tls, url, result: 'unreadable', detail: `answered ${status} without a suggestedWindow` }
      const explanation = said?.['explanationURL']
      return {
        tls,
        url,
        result: 'read',
        detail: `${start} to ${end}`,
        window: { start, end },
        ...(typeof explanation === 'string' ? { explanationUrl: explanation.slice(0, 300) } : {}),
      }
    },
  }
}
