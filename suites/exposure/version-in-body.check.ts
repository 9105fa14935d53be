import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { bodyText } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { attempt } from '../../helpers/probe.ts'
import { pageOf } from '../../helpers/probes/page.ts'
import { provoked } from '../../helpers/probes/provoked.ts'
import { curlForSeen } from '../../helpers/reproduce.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { evidenceOf, isBlocked, noHosts, shownOf } from './shared.ts'
import { serverSignature } from './traces.ts'

/** `WordPress 6.4.2`, `Hugo 0.121.1`, `mkdocs-1.6.1`: a number of at least two parts behind a name. */
const VERSIONED = /(?=[ /-]v?\d+\.\d)(?<=[A-Za-z][\w.+]{0,200})/

export default defineCheck({
  id: 'exposure/version-in-body',
  title: 'Pages do not tell which version made them',
  failureTitle: 'Pages tell which version made them',
  why: 'A version tells an attacker which published holes to try; error pages are where servers sign with theirs.',
  source: 'ASVS 13.4.6; OWASP WSTG-INFO-02',
  severity: 'low',
  codes: {
    'exposure.version.error-page': {
      meaning: 'An error page is signed with product and version.',
      fix: 'nginx: server_tokens off; Apache: ServerSignature Off, ServerTokens Prod.',
    },
    'exposure.version.generator': { meaning: 'The document names the generator with its version.', fix: 'Take the generator meta element out, or its number.' },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ errors: provoked(hostOf(subject)), page: attempt(pageOf(hostOf(subject))) }),
  judge: ({ errors, page }) => {
    const findings: Finding[] = []
    const answers = [errors.missing, ...errors.provocations.map((one) => one.seen)].flatMap((one): readonly HttpObservation[] => (one.ok ? [one.value] : []))
    const own = answers.filter((one) => !isBlocked(one))
    for (const one of own.filter((answer) => answer.status >= 400)) {
      const signature = serverSignature(bodyText(one))
      if (signature !== undefined)
        findings.push({
          grade: 'warn',
          code: 'exposure.version.error-page',
          evidence: evidenceOf(one, 'no version', `signed ${signature}`, `error page ${one.method} ${one.url.slice(0, 120)}`),
        })
    }
    if (page.ok && !isBlocked(page.value.document)) {
      for (const { name, content } of page.value.metas) {
        if (name !== 'generator' || !VERSIONED.test(content)) continue
        findings.push({
          grade: 'warn',
          code: 'exposure.version.generator',
          evidence: evidenceOf(page.value.document, 'no version', content.slice(0, 120), 'meta generator'),
        })
      }
    }
    if (findings.length > 0) return worst(findings)
    if (own.length === 0) return inconclusive('unobserved', 'only obstacles answered, no page of the host itself')
    return worst(
      own.map((one): Finding => ({ grade: 'pass', evidence: evidenceOf(one, 'no version', shownOf(one), `${one.method} ${one.url.slice(0, 120)}`) })),
    )
  },
  reproduce: (subject, target, evidence) => curlForSeen(target, `https://${subject.name}/postproof-3f9c0d1e`, evidence, { flags: ['-sS', '-i'] }),
})
