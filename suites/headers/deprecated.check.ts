import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { headerValues } from '../../helpers/headers.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { answerOf, curlDocument, evidenceOf, isDeclared, noHosts, shownValues } from './shared.ts'

const DEAD: Readonly<Record<string, string>> = {
  'expect-ct': 'certificate transparency is demanded by browsers anyway',
  'public-key-pins': 'pins could lock every visitor out; browsers removed them',
  'public-key-pins-report-only': 'browsers removed it',
  'x-content-security-policy': 'only Content-Security-Policy is read',
  'x-webkit-csp': 'only Content-Security-Policy is read',
  'feature-policy': 'Permissions-Policy replaced it',
  p3p: 'no browser reads it',
}

export default defineCheck({
  id: 'headers/deprecated',
  title: 'No header is sent that browsers gave up',
  failureTitle: 'Headers are sent that browsers gave up',
  why: 'They protect nothing and look as if they did; the old cross-site filter even opened holes of its own.',
  source: 'OWASP Secure Headers Project; MDN',
  severity: 'info',
  codes: {
    'headers.deprecated.present': {
      meaning: 'A header is sent that no current browser obeys.',
      fix: 'Remove it; declare it in the target if somebody demands it.',
    },
    'headers.deprecated.xss-filter': {
      meaning: 'X-XSS-Protection switches on a filter that current browsers do not have and old ones could be tricked with.',
      fix: 'Remove it, or send 0; rely on the policy.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ chain: documentOf(hostOf(subject)) }),
  judge: ({ chain }, { subject }) => {
    const host = hostOf(subject)
    const basis = answerOf(chain, host)
    if (basis.verdict !== undefined) return basis.verdict
    const { seen } = basis
    const findings: Finding[] = []
    for (const [name, why] of Object.entries(DEAD)) {
      const values = headerValues(seen.headers, name)
      // What the owner asks for in the target is not ours to question again in every run.
      if (values.length > 0 && !isDeclared(host, name))
        findings.push({ grade: 'warn', code: 'headers.deprecated.present', evidence: evidenceOf(seen, name, `absent: ${why}`, shownValues(values)) })
    }
    const filter = headerValues(seen.headers, 'x-xss-protection')
    if (filter.some((value) => !/^\s*0\s*$/.test(value)) && !isDeclared(host, 'x-xss-protection'))
      findings.push({
        grade: 'warn',
        code: 'headers.deprecated.xss-filter',
        evidence: evidenceOf(seen, 'x-xss-protection', 'absent or 0', shownValues(filter)),
      })
    findings.push({ grade: 'pass', evidence: evidenceOf(seen, 'headers', 'none that browsers gave up', `${seen.headers.length} fields read`) })
    return worst(findings)
  },
  reproduce: curlDocument,
  covers: [],
})
