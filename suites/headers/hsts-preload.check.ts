import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { readStrictTransportSecurity } from '../../helpers/grammar/strict-transport-security.ts'
import { headerValue, headerValues } from '../../helpers/headers.ts'
import { attempt, isRefused } from '../../helpers/probe.ts'
import { documentOf, httpRequest } from '../../helpers/probes/http.ts'
import { tlsHandshake } from '../../helpers/probes/tls.ts'
import { type Evidence, fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { answerOf, curlDocument, declaredHsts, evidenceOf, HSTS, shownValues } from './shared.ts'

const YEAR = 31_536_000

export default defineCheck({
  id: 'headers/hsts-preload',
  title: 'The domain does not ask for the preload list, or fulfils what the list asks',
  failureTitle: 'The preload token is sent, but the domain does not fulfil what the list asks',
  why: 'The list refuses the domain, and anybody may have it taken off the list again while the conditions do not hold.',
  source: 'hstspreload.org, submission requirements and removal',
  severity: 'info',
  codes: {
    'headers.hsts.preload': { meaning: 'preload is sent without everything the list demands.', fix: 'Fulfil the conditions shown, or remove the token.' },
    'headers.hsts.preload-missing': {
      meaning: 'The target declares preload, the header does not say it.',
      fix: 'Send max-age=63072000; includeSubDomains; preload.',
    },
  },
  options: {},
  // The list takes registrable domains only; on the names below it the token says nothing.
  subjects: (target) => eachHost((host) => !declaredHsts(host).absent && (host.fqdn === target.domain || declaredHsts(host).preload !== undefined))(target),
  unless: { skip: 'not-applicable', reason: 'the domain itself is no host of the target; only it can be on the list' },
  needs: (subject) => {
    const host = hostOf(subject)
    return {
      chain: documentOf(host),
      plain: attempt(httpRequest({ scheme: 'http', host: host.fqdn })),
      tls: attempt(tlsHandshake({ host: host.fqdn })),
    }
  },
  judge: ({ chain, plain, tls }, { subject, target }) => {
    const host = hostOf(subject)
    const basis = answerOf(chain, host)
    if (basis.verdict !== undefined) return basis.verdict
    const first = chain.hops[0]
    if (first === undefined) return inconclusive('unobserved', 'no answer to judge')
    const values = headerValues(first.headers, HSTS)
    const read = readStrictTransportSecurity(values[0] ?? '')
    const wanted = declaredHsts(host).preload
    const header = evidenceOf(first, 'Strict-Transport-Security', 'no preload token, or all that the list asks', shownValues(values))
    // Broken values have no effect; a token in one still says what its author wants.
    const token = read.ok ? read.preload : /\bpreload\b/i.test(values.join(' '))
    if (!token) return wanted === true ? fail('headers.hsts.preload-missing', { ...header, expected: 'the preload token' }) : pass(header)
    const conditions: Evidence[] = []
    const wants = (what: string, expected: string, received: string, holds: boolean): void => {
      if (!holds) conditions.push(evidenceOf(first, what, expected, received))
    }
    wants('name', 'the registrable domain', host.fqdn, host.fqdn === target.domain)
    wants('header fields', 'one', String(values.length), values.length === 1)
    wants('grammar', 'a valid value', read.ok ? 'valid' : read.error, read.ok)
    if (read.ok) {
      wants('max-age', `${YEAR} s or more`, String(read.maxAge), read.maxAge >= YEAR)
      wants('max-age', 'bare digits', 'a quoted-string, which the list cannot read', !read.quoted)
      wants('includeSubDomains', 'present', 'absent', read.includeSubDomains)
    }
    if (tls.ok) wants('certificate', 'verified', tls.value.authorizationError ?? 'not verified', tls.value.authorized)
    if (plain.ok) {
      const location = headerValue(plain.value.headers, 'location') ?? ''
      const to = URL.canParse(location, plain.value.url) ? new URL(location, plain.value.url) : undefined
      const redirected = [301, 302, 307, 308].includes(plain.value.status) && to?.protocol === 'https:' && to.hostname === host.fqdn
      wants('plain http', `a redirect to https://${host.fqdn}`, `${plain.value.status} ${location}`.trim(), redirected)
    } else if (!isRefused(plain)) return inconclusive('unobserved', `plain http did not answer: ${plain.failure.message}`, header)
    return conditions.length === 0
      ? pass({ ...header, received: `${header.received}, and all that the list asks` })
      : warn('headers.hsts.preload', [...conditions, header])
  },
  reproduce: curlDocument,
  covers: [],
})
