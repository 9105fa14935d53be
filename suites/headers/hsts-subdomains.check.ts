import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { readStrictTransportSecurity } from '../../helpers/grammar/strict-transport-security.ts'
import { headerValues } from '../../helpers/headers.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { fail, pass, warn } from '../../helpers/verdict.ts'
import { answerOf, curlDocument, declaredHsts, evidenceOf, HSTS, shownValues } from './shared.ts'

export default defineCheck({
  id: 'headers/hsts-subdomains',
  title: 'HSTS covers the subdomains',
  failureTitle: 'HSTS does not say includeSubDomains',
  why: 'A cookie of the domain can be stolen through any name below it that still answers in clear, even one that does not exist.',
  source: 'RFC 6797 §6.1.2, §14.4; ASVS 3.4.1',
  severity: 'medium',
  codes: {
    'headers.hsts.subdomains': {
      meaning: 'includeSubDomains is missing.',
      fix: 'When every name below has a valid certificate, add includeSubDomains; before that it would cut those names off.',
    },
    'headers.hsts.subdomains-unwanted': {
      meaning: 'includeSubDomains is sent although the target declares it must not be.',
      fix: 'Remove it, or declare includeSubDomains: true.',
    },
  },
  options: {},
  // Where nothing is declared only the domain itself is asked: a name below usually has no names below it.
  subjects: (target) =>
    eachHost((host) => {
      const declared = declaredHsts(host)
      return !declared.absent && (declared.includeSubDomains !== undefined || host.fqdn === target.domain)
    })(target),
  unless: { skip: 'not-declared', reason: 'no host declares includeSubDomains, and the domain itself is no host of the target' },
  needs: (subject) => ({ chain: documentOf(hostOf(subject)) }),
  judge: ({ chain }, { subject }) => {
    const host = hostOf(subject)
    const basis = answerOf(chain, host)
    if (basis.verdict !== undefined) return basis.verdict
    // Over plain http the header says nothing, so a redirect back to http does not hide the https hop before it.
    const seen = chain.hops.findLast((hop) => hop.url.startsWith('https:')) ?? basis.seen
    const values = headerValues(seen.headers, HSTS)
    const wanted = declaredHsts(host).includeSubDomains
    const evidence = evidenceOf(seen, 'Strict-Transport-Security', wanted === false ? 'no includeSubDomains' : 'includeSubDomains', shownValues(values))
    const read = readStrictTransportSecurity(values[0] ?? '')
    const covered = read.ok && read.maxAge > 0 && read.includeSubDomains
    if (wanted === false) return covered ? fail('headers.hsts.subdomains-unwanted', evidence) : pass(evidence)
    if (covered) return pass(evidence)
    return wanted === true ? fail('headers.hsts.subdomains', evidence) : warn('headers.hsts.subdomains', evidence)
  },
  reproduce: curlDocument,
  covers: ['A27', 'C8', 'E23'],
})
