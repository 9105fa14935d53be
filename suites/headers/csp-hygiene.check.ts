import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import {
  effectiveList,
  isDeprecatedDirective,
  isKnownDirective,
  readContentSecurityPolicies,
  readSource,
} from '../../helpers/grammar/content-security-policy.ts'
import { headerValues } from '../../helpers/headers.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { type Finding, skip, worst } from '../../helpers/verdict.ts'
import { CSP, curlDocument, evidenceOf, noPages, pageOr, policiesOf, showsPages } from './shared.ts'

/** Words that need quotes; without them browsers read host names. */
const UNQUOTED = /^(?:self|none|unsafe-inline|unsafe-eval|strict-dynamic|unsafe-hashes|report-sample|wasm-unsafe-eval|nonce-.+|sha(?:256|384|512)-.+)$/i
const PASSIVE: ReadonlySet<string> = new Set(['img-src', 'media-src', 'font-src'])
const NO_SOURCES: ReadonlySet<string> = new Set([
  'report-uri',
  'report-to',
  'sandbox',
  'trusted-types',
  'require-trusted-types-for',
  'upgrade-insecure-requests',
  'webrtc',
])

export default defineCheck({
  id: 'headers/csp-hygiene',
  title: 'The policy says what its author meant',
  failureTitle: 'Parts of the policy are ignored, outdated or weaker than they look',
  why: 'Browsers pass over what they do not understand; a typing error in a policy is silent.',
  source: 'CSP3 §2.2, §2.3, §3.3; csp_evaluator; MDN HTTP Observatory',
  severity: 'low',
  codes: {
    'headers.csp.syntax': {
      meaning: 'A part of the policy is no directive, or no source, so browsers ignore it.',
      fix: "Check spelling and quotes: 'self' and 'none' need them, host names must not have them.",
    },
    'headers.csp.repeated': { meaning: 'A directive comes twice in one policy; the second is ignored.', fix: 'Merge the two lists.' },
    'headers.csp.deprecated': {
      meaning: 'A directive that browsers no longer obey.',
      fix: 'Remove it; block-all-mixed-content is done by default, plugins are gone.',
    },
    'headers.csp.style-inline': {
      meaning: "style-src allows 'unsafe-inline': injected styles can read the page and cover it.",
      fix: 'Give styles a nonce or move them into files.',
    },
    'headers.csp.http-active': { meaning: 'Scripts, styles or frames are allowed from a plain http host.', fix: 'Name the host with https.' },
    'headers.csp.http-passive': { meaning: 'Images or media are allowed from a plain http host.', fix: 'Name the host with https.' },
    'headers.csp.meta-ignored': {
      meaning: 'frame-ancestors, sandbox or report-uri stand in a meta element, where they have no effect.',
      fix: 'Send them in the header.',
    },
  },
  options: {},
  subjects: eachHost(showsPages),
  unless: noPages,
  needs: (subject) => ({ chain: documentOf(hostOf(subject)) }),
  judge: ({ chain }, { subject }) => {
    const basis = pageOr(chain, hostOf(subject))
    if (basis.verdict !== undefined) return basis.verdict
    const { seen } = basis
    const { enforced, metaTexts } = policiesOf(seen)
    const written = [
      ...readContentSecurityPolicies(headerValues(seen.headers, CSP)),
      ...metaTexts.flatMap((text) => readContentSecurityPolicies([text.replaceAll(',', ' ')])),
    ]
    if (written.length === 0) return skip('not-applicable', 'no policy is sent (headers/csp-present judges that)')
    const findings: Finding[] = []
    const add = (grade: 'warn' | 'fail', code: string, expected: string, received: string): void => {
      findings.push({ grade, code, evidence: evidenceOf(seen, 'Content-Security-Policy', expected, received.slice(0, 300)) })
    }
    for (const policy of written) {
      for (const text of policy.dropped) add('warn', 'headers.csp.syntax', 'directives in ASCII', text)
      for (const name of policy.repeated) add('warn', 'headers.csp.repeated', 'each directive once', `${name} again`)
      for (const [name, sources] of policy.directives) {
        if (isDeprecatedDirective(name)) add('warn', 'headers.csp.deprecated', 'directives in use', name)
        else if (!isKnownDirective(name)) add('warn', 'headers.csp.syntax', 'a known directive', name)
        if (NO_SOURCES.has(name) || !isKnownDirective(name)) continue
        for (const text of sources) {
          const source = readSource(text)
          if (isKnownDirective(text.toLowerCase()) && text.includes('-')) add('warn', 'headers.csp.syntax', `a semicolon before ${text}`, `${name} … ${text}`)
          else if (source.kind === 'invalid') add('warn', 'headers.csp.syntax', 'a source', `${name} ${text}`)
          else if (UNQUOTED.test(text)) add('warn', 'headers.csp.syntax', `'${text}' in quotes`, `${name} ${text}`)
          else if (source.kind === 'none' && sources.length > 1) add('warn', 'headers.csp.syntax', "'none' alone", `${name} ${sources.join(' ')}`)
          else if (source.kind === 'host' && (source.scheme === 'http' || source.scheme === 'ws')) {
            const passive = PASSIVE.has(name) || policy.directives.has('upgrade-insecure-requests')
            // Programs on the visitor's own machine have no certificate, and browsers take them for secure (Secure Contexts §3.1).
            const near = /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/.test(source.host)
            if (name !== 'frame-ancestors' && !near)
              add(passive ? 'warn' : 'fail', passive ? 'headers.csp.http-passive' : 'headers.csp.http-active', 'https hosts', `${name} ${text}`)
          } else if (source.kind === 'scheme' && source.scheme === 'http' && PASSIVE.has(name))
            add('warn', 'headers.csp.http-passive', 'https hosts', `${name} ${text}`)
        }
      }
    }
    const styles = enforced.map((policy) => effectiveList(policy, 'style-src-elem')?.sources)
    const inline = (list: readonly string[] | undefined): boolean =>
      list === undefined ||
      (list.some((text) => text.toLowerCase() === "'unsafe-inline'") && !list.some((text) => ['nonce', 'hash'].includes(readSource(text).kind)))
    // A policy that does not speak of styles is not weaker than it looks.
    if (styles.some((list) => list !== undefined) && styles.every(inline))
      add('warn', 'headers.csp.style-inline', "style-src without 'unsafe-inline'", "'unsafe-inline'")
    for (const text of metaTexts) {
      const [policy] = readContentSecurityPolicies([text.replaceAll(',', ' ')])
      for (const name of ['frame-ancestors', 'sandbox', 'report-uri'])
        if (policy?.directives.has(name) === true) add('warn', 'headers.csp.meta-ignored', 'in the header', `${name} in a meta element`)
    }
    findings.push({
      grade: 'pass',
      evidence: evidenceOf(
        seen,
        'Content-Security-Policy',
        'every part in effect',
        written
          .map((policy) => policy.text)
          .join(' , ')
          .slice(0, 300),
      ),
    })
    return worst(findings)
  },
  reproduce: curlDocument,
  covers: ['D9'],
})
