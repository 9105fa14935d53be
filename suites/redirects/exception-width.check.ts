import { defineCheck, hostOf, type Subject } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { curlForSeen } from '../../helpers/reproduce.ts'
import type { Target } from '../../helpers/target.ts'
import { type Evidence, type Finding, inconclusive, pass, worst } from '../../helpers/verdict.ts'
import { DEEP_PATH, evidenceOf, excepted, exceptionsOf, isClosed, isRedirect, obstacle, plainRequest } from './shared.ts'

type Exception = ReturnType<typeof exceptionsOf>[number]
/** Refused before any location is looked at: no sign of an exception that is too wide. */
const REFUSED = new Set([400, 403, 405, 421, 426, 429])

const subjects = (target: Target): readonly Subject[] =>
  target.hosts.flatMap((host) =>
    exceptionsOf(target, host)
      .filter((one) => one.exact !== false)
      .map((one) => ({ name: `http://${host.fqdn}${one.path}`, host, item: one })),
  )

export default defineCheck({
  id: 'redirects/exception-width',
  title: 'An exception is no wider than its path',
  failureTitle: 'An exception lets other paths through plain http',
  why: 'location /health is a prefix: /healthz-anything, and sometimes /health/../admin, then answer in clear too.',
  source: 'nginx: location modifiers; redirects.exceptions of the target',
  severity: 'medium',
  codes: {
    'redirects.exception.too-wide': {
      meaning: 'A path beside the declared exception is answered over plain http as well, with content or an error of what is behind it.',
      fix: 'nginx: location = /health (exact); Caddy: path /health without *.',
    },
  },
  options: {},
  subjects,
  unless: { skip: 'not-declared', reason: 'no exact exception is declared in redirects.exceptions' },
  needs: (subject) => {
    const { path } = subject.item as Exception
    const host = hostOf(subject)
    return {
      sibling: attempt(plainRequest(host, `${path}z-postproof`)),
      child: attempt(plainRequest(host, `${path}/postproof`)),
      control: attempt(plainRequest(host, DEEP_PATH)),
      climb: attempt(plainRequest(host, `${path}/../postproof-3f9c`)),
    }
  },
  judge: (seen, { subject, target }) => {
    if (isClosed(seen.sibling)) return pass({ what: subject.name, expected: 'nothing beside the exception answers', received: 'connection refused' })
    // Where any other path is redirected, an error beside the exception means that it went to what is behind the exception.
    const redirects = seen.control.ok && isRedirect(seen.control.value)
    const others = exceptionsOf(target, hostOf(subject)).some((rule) => rule !== subject.item)
    const findings: Finding[] = []
    const unknown: Evidence[] = []
    for (const [name, one] of Object.entries({ sibling: seen.sibling, child: seen.child, climb: seen.climb })) {
      if (!one.ok) {
        if (name !== 'climb') unknown.push({ what: `answer to the ${name}`, expected: 'a redirect or a refusal', received: one.failure.code })
        continue
      }
      const path = /^https?:\/\/[^/]*(.*)$/.exec(one.value.url)?.[1] ?? ''
      if (others && excepted(target, hostOf(subject), path)) continue
      const evidence = evidenceOf(one.value, redirects ? 'a redirect, as for any other path' : 'a redirect or a refusal')
      if (obstacle(one.value) !== undefined) {
        if (name !== 'climb') unknown.push(evidence)
      } else if (one.value.status < 300) findings.push({ grade: 'fail', code: 'redirects.exception.too-wide', evidence })
      else if (name !== 'climb' && redirects && one.value.status >= 400 && !REFUSED.has(one.value.status))
        findings.push({ grade: 'fail', code: 'redirects.exception.too-wide', evidence })
      else findings.push({ grade: 'pass', evidence })
    }
    if (findings.length === 0) return inconclusive('unobserved', 'port 80 gave no answer that tells', unknown)
    const verdict = worst(findings)
    return verdict.outcome === 'pass' && unknown.length > 0
      ? inconclusive('unobserved', 'what stands beside the exception could not be seen', unknown)
      : verdict
  },
  reproduce: (subject, target, evidence) => curlForSeen(target, `${subject.name}z-postproof`, evidence),
  covers: ['A23'],
})
