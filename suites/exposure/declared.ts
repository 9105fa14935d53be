/** Paths that the target itself names, judged on every host: what counts is whether the answer is more than the host’s answer to anything. */
import type { Subject } from '../../helpers/check.ts'
import { bodyText, mediaType } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import type { Probe } from '../../helpers/probe.ts'
import { type Sweep, sweepPaths } from '../../helpers/probes/sweep.ts'
import type { Target } from '../../helpers/target.ts'
import { type Evidence, type Finding, inconclusive, type Verdict, worst } from '../../helpers/verdict.ts'
import { evidenceOf, failureOf, isBlocked, isSuccess, looksLikeHtml, sameAsSibling, shownOf } from './shared.ts'

/** One subject per host, with the declared paths; none where none are declared. */
export const hostsWith =
  (paths: (target: Target) => readonly string[] | undefined) =>
  (target: Target): readonly Subject[] =>
    (paths(target) ?? []).length === 0 ? [] : target.hosts.map((host) => ({ name: host.fqdn, host }))

export const declaredSweep = (subject: Subject, name: string, paths: readonly string[]): Probe<Sweep> =>
  sweepPaths(
    subject.host?.fqdn ?? subject.name,
    name,
    paths.map((path) => ({ path, maxBodyBytes: 16_384 })),
  )

const FORM = /<form\b([^>]{0,1000})>([\s\S]*?)(?:<\/form>|$)/gi
const PASSWORD = /<input\b[^>]{0,1000}type\s*=\s*["']?password/gi
/** Fields that somebody fills in. */
const FIELD = /<input\b(?![^>]{0,1000}type\s*=\s*["']?(?:hidden|submit|button|checkbox|image|reset)\b)[^>]{0,1000}>|<select\b|<textarea\b/gi
const SINGLE_SIGN_ON = /(?:action|id)\s{0,3}=\s{0,3}["']?[^"'>]{0,500}(?:login|signin|sign-in|oauth|saml|sso)/i
/** Who reads this is inside already. */
const INSIDE = /(?:href|action)\s*=\s*["'][^"']*(?:log-?out|sign-?out|log_out|sign_out)\b/i
/** A list of data beside a form is no login. */
const ROWS = /<tr\b/gi

/**
 * A page that asks for a login and shows nothing else: a form with one password and at most two fields beside it, or one that leads to single sign-on.
 * The form for a new user inside an open administration has more of everything, and a way to sign out.
 */
const asksForLogin = (seen: HttpObservation): boolean => {
  if (!looksLikeHtml(seen)) return false
  const text = bodyText(seen)
  if (INSIDE.test(text) || (text.match(ROWS)?.length ?? 0) > 6) return false
  const count = (pattern: RegExp, inside: string): number => inside.match(pattern)?.length ?? 0
  const forms = [...text.matchAll(FORM)]
  if (forms.length === 0) return count(PASSWORD, text) === 1
  return forms.some(
    ([, attributes = '', inside = '']) =>
      (count(PASSWORD, inside) === 1 && count(FIELD, inside) <= 3) ||
      (SINGLE_SIGN_ON.test(attributes) && count(PASSWORD, inside) <= 1 && count(FIELD, inside) <= 3),
  )
}

/** Served content that is the path’s own fails; refusals, redirects, logins and the host’s answer to anything pass. */
export function judgeDeclared(sweep: Sweep, code: string, expected: string): Verdict {
  const findings: Finding[] = []
  const blind: Evidence[] = []
  for (const answer of sweep.answers) {
    const { path, seen } = answer
    if (seen === undefined || !seen.ok) {
      blind.push({ what: path, expected: 'an answer to judge', received: seen === undefined ? 'not asked: the sweep had stopped' : failureOf(seen) })
      continue
    }
    const one = seen.value
    const said = (grade: 'pass' | 'fail', why: string): void => {
      findings.push({ grade, ...(grade === 'fail' ? { code } : {}), evidence: evidenceOf(one, expected, `${shownOf(one)}${why}`) })
    }
    if (isBlocked(one)) blind.push(evidenceOf(one, 'the answer of the host itself'))
    else if (!isSuccess(one)) said('pass', '')
    else if (one.body.length === 0) said('pass', ': nothing in it')
    else if (sameAsSibling(answer)) said('pass', ': what this host answers to any path, the same as for one that cannot exist')
    else if (asksForLogin(one)) said('pass', ': a login')
    else if (answer.sibling?.ok === false) blind.push({ what: path, expected: 'an answer to compare with', received: failureOf(answer.sibling) })
    else said('fail', `: its own content (${mediaType(one.headers) ?? 'no type'}), not shown`)
  }
  if (findings.some((one) => one.grade === 'fail') || blind.length === 0) return worst(findings)
  return inconclusive('unobserved', sweep.stopped ?? `${blind.length} paths gave no answer to judge`, blind)
}
