import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { readStrictTransportSecurity } from '../../helpers/grammar/strict-transport-security.ts'
import { headerValues } from '../../helpers/headers.ts'
import { attempt } from '../../helpers/probe.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { tlsHandshake } from '../../helpers/probes/tls.ts'
import { fail, pass, skip, warn } from '../../helpers/verdict.ts'
import { answerOf, curlDocument, declaredHsts, evidenceOf, HSTS, noHosts, shownValues } from './shared.ts'

const TEN_YEARS = 315_360_000

export default defineCheck({
  id: 'headers/hsts',
  title: 'Browsers are told to come by https only, for long enough',
  failureTitle: 'Strict-Transport-Security is missing or has no lasting effect',
  why: 'Without it the first request of every visit may go out in clear, and whoever sits in between can keep it that way.',
  source: 'RFC 6797 §6.1, §8.1; ASVS 3.4.1; at least one year: internet.nl, hstspreload.org; half a year: MDN HTTP Observatory',
  severity: 'high',
  codes: {
    'headers.hsts.missing': {
      meaning: 'The https answer carries no Strict-Transport-Security.',
      fix: 'nginx: add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always; Caddy: header Strict-Transport-Security …',
    },
    'headers.hsts.invalid': {
      meaning: 'The value breaks the grammar, so browsers ignore it.',
      fix: 'Write it as max-age=31536000; includeSubDomains: semicolons, each directive once.',
    },
    'headers.hsts.zero': { meaning: 'max-age=0 switches HSTS off in every browser that sees it.', fix: 'Set max-age to 31536000.' },
    'headers.hsts.short': { meaning: 'max-age is shorter than it must be.', fix: 'Set max-age to 31536000 (one year) or more.' },
    'headers.hsts.odd': {
      meaning: 'max-age works, but is longer than ten years or has a leading zero: probably a slip.',
      fix: 'Write max-age=31536000 or 63072000.',
    },
    'headers.hsts.repeated': {
      meaning: 'The header comes more than once; browsers take the first.',
      fix: 'Let either the proxy or the application set it (nginx: proxy_hide_header).',
    },
  },
  options: { minSeconds: 31_536_000, floorSeconds: 15_768_000 },
  subjects: eachHost((host) => !declaredHsts(host).absent),
  unless: noHosts,
  needs: (subject) => ({ chain: documentOf(hostOf(subject)), tls: attempt(tlsHandshake({ host: hostOf(subject).fqdn })) }),
  judge: ({ chain, tls }, { subject, options }) => {
    const host = hostOf(subject)
    const basis = answerOf(chain, host)
    if (basis.verdict !== undefined) return basis.verdict
    // Over plain http the header says nothing, so a redirect back to http does not hide the https hop before it.
    const seen = chain.hops.findLast((hop) => hop.url.startsWith('https:')) ?? basis.seen
    const values = headerValues(seen.headers, HSTS)
    const declared = declaredHsts(host).maxAgeMin
    const least = declared ?? options.minSeconds
    const evidence = evidenceOf(seen, 'Strict-Transport-Security', `max-age of ${least} s or more`, shownValues(values))
    if (tls.ok && !tls.value.authorized)
      return skip(
        'not-applicable',
        `browsers ignore the header while the certificate does not verify (${tls.value.authorizationError ?? 'untrusted'})`,
        evidence,
      )
    const [first] = values
    if (first === undefined) return fail('headers.hsts.missing', evidence)
    const read = readStrictTransportSecurity(first)
    if (!read.ok) return fail('headers.hsts.invalid', { ...evidence, received: `${evidence.received}: ${read.error}` })
    if (read.maxAge === 0) return fail('headers.hsts.zero', evidence)
    if (!(read.maxAge >= least))
      return declared === undefined && read.maxAge >= options.floorSeconds ? warn('headers.hsts.short', evidence) : fail('headers.hsts.short', evidence)
    if (values.length > 1) return warn('headers.hsts.repeated', evidence)
    if (read.maxAge > TEN_YEARS || read.leadingZero) return warn('headers.hsts.odd', evidence)
    return pass(evidence)
  },
  reproduce: curlDocument,
  covers: ['A27', 'C8', 'D10', 'E23', 'B16'],
})
