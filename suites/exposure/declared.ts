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

/** A page that asks for a login: a password field, or a single sign-on form. */
const asksForLogin = (seen: HttpObservation): boolean =>
  looksLikeHtml(seen) &&
  /<input\b[^>]*type\s*=\s*["']?password|<form\b[^>]*(?:action|id)\s*=\s*["']?[^"'>]*(?:login|signin|sign-in|oauth|saml|sso)/i.test(bodyText(seen))

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
