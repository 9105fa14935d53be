import { defineCheck } from '../../helpers/check.ts'
import { authoritativeAnswers } from '../../helpers/probes/dns-zone.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { digServers, dnsDomain, lookLine } from './shared.ts'

/** The connection came to its end without a record: the zone was not handed out, which is all that is asked here. */
const ENDED = new Set(['ECONNREFUSED', 'ECONNRESET', 'EOF', 'EPIPE'])

export default defineCheck({
  id: 'dns/axfr',
  title: 'The zone is not handed out to strangers',
  failureTitle: 'A name server hands the whole zone out',
  why: 'A zone transfer lists every name at once: staging, admin, mail and internal hosts, ready to be scanned.',
  source: 'RFC 5936 §5; OWASP WSTG-INFO-04',
  severity: 'high',
  codes: {
    'dns.axfr.allowed': {
      meaning: 'A name server answered AXFR with records of the zone.',
      fix: 'Allow transfers to the secondaries only, by address and TSIG key (allow-transfer in BIND).',
    },
  },
  options: {},
  // A strange thing to ask of somebody else's server: only where the owner says that transfers are to be refused.
  subjects: dnsDomain((target) => target.file.dns?.zoneTransfer === false),
  unless: { skip: 'not-declared', reason: 'the target does not say that zone transfers are to be refused (dns.zoneTransfer: false)' },
  needs: (_subject, target) => ({ all: authoritativeAnswers(target.domain, { type: 'AXFR', transport: 'tcp' }) }),
  judge: ({ all }) => {
    const findings: Finding[] = []
    const unknown: string[] = []
    for (const { name, server, seen } of all) {
      const base = { what: `AXFR at ${name}`, expected: 'refused', where: server === '' ? name : `@${server}` }
      if (!seen.ok) {
        if (ENDED.has(seen.failure.code)) findings.push({ grade: 'pass', evidence: { ...base, received: `no zone: ${lookLine(seen)}` } })
        else unknown.push(`${name}: ${lookLine(seen)}`)
      } else if (seen.value.answers.length > 0) {
        const received = `${seen.value.rcode}, ${seen.value.answers.length} records in the first message: ${lookLine(seen)}`
        findings.push({ grade: 'fail', code: 'dns.axfr.allowed', evidence: { ...base, received, at: seen.value.at } })
      } else
        findings.push({
          grade: 'pass',
          evidence: { ...base, received: seen.value.rcode === 'OTHER' ? 'another error code' : seen.value.rcode, at: seen.value.at },
        })
    }
    if (findings.some(({ grade }) => grade === 'fail')) return worst(findings)
    if (unknown.length > 0 || findings.length === 0)
      return inconclusive(
        'unobserved',
        unknown.length === 0 ? 'the zone lists no server' : `no answer, which is no refusal: ${unknown.join('; ')}`,
        findings.map((one) => one.evidence),
      )
    return worst(findings)
  },
  reproduce: digServers('AXFR', '+tcp'),
})
