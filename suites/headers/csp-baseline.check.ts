import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { broadSchemes, effectiveList, isInjectable, scriptOpenings } from '../../helpers/grammar/content-security-policy.ts'
import { headerValues } from '../../helpers/headers.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { type Finding, type Severity, skip, worst } from '../../helpers/verdict.ts'
import { curlDocument, declaredCsp, evidenceOf, noPages, pageOr, policiesOf, showsPages } from './shared.ts'

export default defineCheck({
  id: 'headers/csp-baseline',
  title: 'The policy closes what default-src does not cover',
  failureTitle: 'The policy leaves plugins, base, forms or frames open',
  why: 'default-src says nothing of base-uri, form-action and frame-ancestors; injected markup then redirects scripts or sends forms elsewhere.',
  source: 'CSP3 §6.1.10, §6.3, §6.4; ASVS 3.4.3; csp_evaluator',
  severity: 'medium',
  codes: {
    'headers.csp.object-open': { meaning: 'object-src lets any source in.', fix: "object-src 'none'" },
    'headers.csp.object-missing': { meaning: 'Neither object-src nor default-src is given.', fix: "object-src 'none'" },
    'headers.csp.base-missing': { meaning: 'base-uri is missing: an injected base element redirects relative scripts.', fix: "base-uri 'none'" },
    'headers.csp.base-open': { meaning: 'base-uri lets any address in, which is as good as none.', fix: "base-uri 'none'" },
    'headers.csp.form-open': {
      meaning: 'form-action lets any address in, which is as good as none.',
      fix: "form-action 'self', and the hosts that forms go to",
    },
    'headers.csp.form-missing': { meaning: 'form-action is missing: an injected form sends what is typed elsewhere.', fix: "form-action 'self'" },
    'headers.csp.ancestors-missing': { meaning: 'frame-ancestors is missing from the header.', fix: "frame-ancestors 'self'" },
  },
  options: {},
  subjects: eachHost((host) => showsPages(host) && !declaredCsp(host).absent),
  unless: noPages,
  needs: (subject) => ({ chain: documentOf(hostOf(subject)) }),
  judge: ({ chain }, { subject }) => {
    const basis = pageOr(chain, hostOf(subject))
    if (basis.verdict !== undefined) return basis.verdict
    const { seen } = basis
    const { enforced, header } = policiesOf(seen)
    if (enforced.length === 0) return skip('not-applicable', 'no policy is enforced (headers/csp-present judges that)')
    const findings: Finding[] = []
    const judged = (name: string, good: boolean, code: string, received: string, severity: Severity, grade: 'warn' | 'fail' = 'warn'): void => {
      const evidence = evidenceOf(seen, name, 'restricted by the policy', received)
      findings.push(good ? { grade: 'pass', evidence } : { grade, code, evidence, severity })
    }
    const objects = enforced.map((policy) => effectiveList(policy, 'object-src'))
    const stated = objects.filter((list) => list !== undefined)
    const explicit = stated.some((list) => list.from === 'object-src')
    const broad = (sources: readonly string[] | undefined): boolean => [...broadSchemes(sources)].some(isInjectable)
    const open = stated.length > 0 && objects.every((list) => broad(list?.sources))
    const received = stated.map((list) => `${list.from} ${list.sources.join(' ')}`.trim()).join(' , ')
    if (stated.length === 0) judged('object-src', false, 'headers.csp.object-missing', 'absent, and no default-src', 'medium')
    // A broad default-src is what csp-script fails for already.
    else judged('object-src', !open, 'headers.csp.object-open', received, 'medium', explicit ? 'fail' : 'warn')
    const said = (name: string): readonly (readonly string[])[] =>
      enforced.flatMap((policy) => (policy.directives.has(name) ? [policy.directives.get(name) ?? []] : []))
    /** Of a directive that falls back to nothing; one policy that limits it is enough. */
    const alone = (name: string, codes: { readonly missing: string; readonly open: string }, severity: Severity): void => {
      const lists = said(name)
      const anywhere = lists.length > 0 && lists.every(broad)
      judged(name, lists.length > 0 && !anywhere, anywhere ? codes.open : codes.missing, lists.map((list) => list.join(' ')).join(' , ') || 'absent', severity)
    }
    // Relative scripts with a nonce load from wherever an injected base element says.
    const base = scriptOpenings(enforced).trusted ? 'medium' : 'low'
    alone('base-uri', { missing: 'headers.csp.base-missing', open: 'headers.csp.base-open' }, base)
    alone('form-action', { missing: 'headers.csp.form-missing', open: 'headers.csp.form-open' }, 'low')
    const ancestors = header.flatMap((policy) => policy.directives.get('frame-ancestors')?.join(' ') ?? [])[0]
    const framing = headerValues(seen.headers, 'x-frame-options').length > 0 ? ', with X-Frame-Options' : ''
    judged('frame-ancestors', ancestors !== undefined, 'headers.csp.ancestors-missing', ancestors ?? `absent${framing}`, framing === '' ? 'medium' : 'low')
    return worst(findings)
  },
  reproduce: curlDocument,
  covers: ['D9'],
})
