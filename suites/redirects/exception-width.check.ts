import { defineCheck, hostOf, type Subject } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import type { Target } from '../../helpers/target.ts'
import { type Finding, inconclusive, pass, worst } from '../../helpers/verdict.ts'
import { evidenceOf, excepted, isClosed, plainRequest } from './shared.ts'

type Exception = NonNullable<NonNullable<Target['file']['redirects']>['exceptions']>[number]

const subjects = (target: Target): readonly Subject[] =>
  target.hosts.flatMap((host) =>
    (target.file.redirects?.exceptions ?? [])
      .filter((one) => one.exact !== false && (one.hosts === undefined || one.hosts === 'all' || one.hosts.includes(host.name)))
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
      meaning: 'A path beside the declared exception answers over plain http as well.',
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
      climb: attempt(plainRequest(host, `${path}/../postproof-3f9c`)),
    }
  },
  judge: (seen, { subject, target }) => {
    if (isClosed(seen.sibling)) return pass({ what: subject.name, expected: 'nothing beside the exception answers', received: 'connection refused' })
    const findings: Finding[] = []
    for (const one of [seen.sibling, seen.child, seen.climb]) {
      if (!one.ok) continue
      const path = /^https?:\/\/[^/]*(.*)$/.exec(one.value.url)?.[1] ?? ''
      const other =
        (target.file.redirects?.exceptions ?? []).some((rule) => rule !== subject.item && rule.path === path) && excepted(target, hostOf(subject), path)
      const evidence = evidenceOf(one.value, 'a redirect or a refusal')
      findings.push(one.value.status < 300 && !other ? { grade: 'fail', code: 'redirects.exception.too-wide', evidence } : { grade: 'pass', evidence })
    }
    return findings.length === 0 ? inconclusive('unobserved', 'port 80 gave no answer') : worst(findings)
  },
  reproduce: (subject, target) => curlFor(target, `${subject.name}z-postproof`),
  covers: ['A23'],
})
