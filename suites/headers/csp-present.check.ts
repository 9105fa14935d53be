import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { isKnownDirective, readContentSecurityPolicies } from '../../helpers/grammar/content-security-policy.ts'
import { headerValues } from '../../helpers/headers.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { fail, pass, warn } from '../../helpers/verdict.ts'
import { CSP, curlDocument, declaredCsp, evidenceOf, noPages, pageOr, policiesOf, showsPages, shownValues } from './shared.ts'

export default defineCheck({
  id: 'headers/csp-present',
  title: 'A Content-Security-Policy is enforced',
  failureTitle: 'No Content-Security-Policy is enforced',
  why: 'It is what keeps one forgotten escape in a template from becoming code that runs in every visitor’s session.',
  source: 'CSP3 §3.1; ASVS 3.4.3',
  severity: 'medium',
  codes: {
    'headers.csp.missing': {
      meaning: 'The page carries no policy.',
      fix: "Start with default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'self'.",
    },
    'headers.csp.empty': {
      meaning: 'The header is there, but browsers find no directive in it that they know.',
      fix: 'Write directives by their names, parted by semicolons.',
    },
    'headers.csp.report-only': {
      meaning: 'The policy is only reported on, nothing is blocked.',
      fix: 'Send it as Content-Security-Policy once the reports are quiet.',
    },
    'headers.csp.meta-only': {
      meaning: 'The policy is only in the document, where frame-ancestors, sandbox and reports have no effect and earlier markup escapes it.',
      fix: 'Send it as a header.',
    },
  },
  options: {},
  subjects: eachHost((host) => showsPages(host) && !declaredCsp(host).absent),
  unless: noPages,
  needs: (subject) => ({ chain: documentOf(hostOf(subject)) }),
  judge: ({ chain }, { subject }) => {
    const basis = pageOr(chain, hostOf(subject))
    if (basis.verdict !== undefined) return basis.verdict
    const { seen } = basis
    const values = headerValues(seen.headers, CSP)
    const { header, meta, reportOnly, metaTexts } = policiesOf(seen)
    const evidence = evidenceOf(seen, 'Content-Security-Policy', 'an enforced policy in the header', shownValues(values))
    const working = (policies: typeof header): boolean => policies.some((policy) => [...policy.directives.keys()].some(isKnownDirective))
    if (working(header)) return pass(evidence)
    if (values.length > 0 && !working(meta)) {
      const dropped = readContentSecurityPolicies(values).flatMap((policy) => policy.dropped)
      return fail('headers.csp.empty', {
        ...evidence,
        received: `${evidence.received}${dropped.length > 0 ? `, dropped: ${dropped.join('; ').slice(0, 100)}` : ''}`,
      })
    }
    if (working(meta)) return warn('headers.csp.meta-only', { ...evidence, received: `${evidence.received}, in the document ${shownValues(metaTexts)}` })
    if (reportOnly.length > 0)
      return warn('headers.csp.report-only', {
        ...evidence,
        received: `only Content-Security-Policy-Report-Only: ${shownValues(headerValues(seen.headers, `${CSP}-report-only`))}`,
      })
    return fail('headers.csp.missing', evidence)
  },
  reproduce: curlDocument,
  covers: ['C8', 'D9', 'A29'],
})
