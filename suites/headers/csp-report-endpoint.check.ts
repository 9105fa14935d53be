import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { readReportingEndpoints, readReportTo } from '../../helpers/grammar/reporting-endpoints.ts'
import { headerValues } from '../../helpers/headers.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { type Finding, skip, worst } from '../../helpers/verdict.ts'
import { curlDocument, evidenceOf, noPages, pageOr, policiesOf, shownValues, showsPages } from './shared.ts'

export default defineCheck({
  id: 'headers/csp-report-endpoint',
  title: 'Reports of the policy have somewhere to go',
  failureTitle: 'The policy reports to an endpoint that does not exist',
  why: 'Reports that nobody receives look like a policy that is never violated.',
  source: 'CSP3 §5.3, §6.5; Reporting API §3.2; ASVS 3.4.7',
  severity: 'low',
  codes: {
    'headers.csp.report-dangling': {
      meaning: 'report-to names an endpoint that Reporting-Endpoints does not define.',
      fix: 'Send Reporting-Endpoints: name="https://…" with the same name.',
    },
    'headers.csp.report-insecure': { meaning: 'Reports go to a URL that is not https: browsers do not send them.', fix: 'Use an https URL.' },
  },
  options: {},
  subjects: eachHost(showsPages),
  unless: noPages,
  needs: (subject) => ({ chain: documentOf(hostOf(subject)) }),
  judge: ({ chain }, { subject }) => {
    const basis = pageOr(chain, hostOf(subject))
    if (basis.verdict !== undefined) return basis.verdict
    const { seen } = basis
    const { header, reportOnly } = policiesOf(seen)
    const policies = [...header, ...reportOnly]
    // Both at once is right: old browsers know only report-uri.
    const groups = policies.flatMap((policy) => policy.directives.get('report-to')?.slice(0, 1) ?? [])
    const urls = policies.flatMap((policy) => policy.directives.get('report-uri') ?? [])
    if (groups.length === 0 && urls.length === 0) return skip('not-applicable', 'the policy asks for no reports')
    const modern = readReportingEndpoints(headerValues(seen.headers, 'reporting-endpoints'))
    const older = readReportTo(headerValues(seen.headers, 'report-to'))
    const findings: Finding[] = []
    const insecure = (url: string): boolean => !URL.canParse(url, seen.url) || new URL(url, seen.url).protocol !== 'https:'
    const judge = (what: string, url: string): void => {
      const evidence = evidenceOf(seen, what, 'an https URL', url)
      findings.push(insecure(url) ? { grade: 'warn', code: 'headers.csp.report-insecure', evidence } : { grade: 'pass', evidence })
    }
    for (const group of new Set(groups)) {
      const url = (modern.ok ? modern.endpoints.get(group) : undefined) ?? (older.ok ? older.endpoints.get(group) : undefined)
      if (url === undefined) {
        const received = shownValues([...headerValues(seen.headers, 'reporting-endpoints'), ...headerValues(seen.headers, 'report-to')])
        findings.push({
          grade: 'warn',
          code: 'headers.csp.report-dangling',
          evidence: evidenceOf(seen, `report-to ${group}`, `Reporting-Endpoints with ${group}`, received),
        })
      } else judge(`report-to ${group}`, url)
    }
    for (const url of new Set(urls)) judge('report-uri', url)
    return worst(findings)
  },
  reproduce: curlDocument,
  covers: [],
})
