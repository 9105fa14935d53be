import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { bodyText } from '../../helpers/headers.ts'
import { matchValue, REGEX_INPUT_LIMIT } from '../../helpers/matcher.ts'
import { ownScripts } from '../../helpers/probes/scripts.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { findSecrets } from './secrets.ts'
import { curlOf, evidenceOf, failureOf, isBlocked, noHosts, shownOf } from './shared.ts'

/** The owner's own expressions, tried piece by piece: hostile text meets user-written expressions. */
function ownPatterns(patterns: readonly string[], text: string): { readonly found: readonly string[]; readonly misused?: string } {
  const found: string[] = []
  for (const regex of patterns) {
    for (let at = 0; at === 0 || at < text.length; at += REGEX_INPUT_LIMIT / 2) {
      const result = matchValue({ regex }, text.slice(at, at + REGEX_INPUT_LIMIT))
      if (result.misused !== undefined) return { found, misused: result.misused }
      if (result.ok) {
        found.push(regex)
        break
      }
    }
  }
  return { found }
}

export default defineCheck({
  id: 'exposure/secrets-in-js',
  title: 'Document and scripts carry no secret',
  failureTitle: 'Document or scripts carry a secret',
  why: 'What a build puts into a bundle is public: a server’s key in it is everybody’s key.',
  source: 'ASVS 13.3.1; OWASP WSTG-INFO-05',
  severity: 'high',
  codes: {
    'exposure.secret-in-js': {
      meaning: 'The document or one of its own scripts holds a secret key, token or password.',
      fix: 'Revoke it; keep it on the server and let the page ask the server. Only publishable keys belong in VITE_ or NEXT_PUBLIC_ variables.',
    },
    'exposure.secret-in-js.half': {
      meaning: 'A script names a secret key without its secret half.',
      fix: 'Take it out, and look whether the other half was ever published.',
    },
    'exposure.secret-in-js.declared': {
      meaning: 'The document or a script holds what an own pattern of this check forbids.',
      fix: 'Take it out of the build; replace it where it is a secret.',
    },
  },
  /** `patterns`: regular expressions of the owner that must match nowhere. */
  options: { patterns: [] as readonly string[] },
  subjects: eachHost((host) => host.kind !== 'redirect'),
  unless: noHosts,
  needs: (subject) => ({ seen: ownScripts(hostOf(subject)) }),
  judge: ({ seen }, { options }) => {
    const { document } = seen.page
    if (isBlocked(document)) return inconclusive('unobserved', 'an obstacle answered instead of the document', evidenceOf(document, 'the document of the host'))
    const texts: HttpObservation[] = [document]
    const unread: string[] = []
    for (const script of seen.scripts) {
      if (script.seen.ok && script.seen.value.status === 200) texts.push(script.seen.value)
      else if (!script.seen.ok || script.seen.value.status === 429 || script.seen.value.status >= 500)
        unread.push(`${script.url}: ${script.seen.ok ? shownOf(script.seen.value) : failureOf(script.seen)}`)
    }
    const findings: Finding[] = []
    for (const one of texts) {
      const text = bodyText(one)
      const secrets = findSecrets(text)
      for (const { what, half, length } of secrets)
        findings.push({
          grade: half ? 'warn' : 'fail',
          code: half ? 'exposure.secret-in-js.half' : 'exposure.secret-in-js',
          ...(half ? { severity: 'medium' as const } : {}),
          evidence: evidenceOf(one, 'no secret', `${what}, ${length} characters (not shown)`),
        })
      const own = ownPatterns(options.patterns, text)
      if (own.misused !== undefined) return inconclusive('misused', own.misused)
      for (const regex of own.found)
        findings.push({
          grade: 'fail',
          code: 'exposure.secret-in-js.declared',
          evidence: evidenceOf(one, `nothing matching /${regex}/`, 'a match (not shown)'),
        })
      if (secrets.length === 0 && own.found.length === 0)
        findings.push({ grade: 'pass', evidence: evidenceOf(one, 'no secret', `${text.length} characters read, no key of a known form`) })
    }
    // What merely deviates does not stand for what could not be seen.
    if (findings.some((one) => one.grade === 'fail')) return worst(findings)
    const deviating = findings.filter((one) => one.grade !== 'pass')
    const shown = (deviating.length > 0 ? deviating : findings.slice(0, 1)).map((one) => one.evidence)
    if (unread.length > 0) return inconclusive('unobserved', `own scripts could not be read: ${unread.slice(0, 3).join('; ')}`, shown)
    if (seen.cut || texts.some((one) => one.truncated))
      return inconclusive('unobserved', 'the document names more of its own scripts than are read, or one is longer than what is read', shown)
    return worst(findings)
  },
  reproduce: curlOf('/'),
})
