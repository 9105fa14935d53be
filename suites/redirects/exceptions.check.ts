import { defineCheck, hostOf, type Subject } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import type { Target } from '../../helpers/target.ts'
import { fail, pass } from '../../helpers/verdict.ts'
import { answered, evidenceOf, exceptionsOf, isClosed, isRedirect, obstacle, plainRequest } from './shared.ts'

type Exception = ReturnType<typeof exceptionsOf>[number]

const subjects = (target: Target): readonly Subject[] =>
  target.hosts.flatMap((host) => exceptionsOf(target, host).map((one) => ({ name: `http://${host.fqdn}${one.path}`, host, item: one })))

export default defineCheck({
  id: 'redirects/exceptions',
  title: 'What must answer over plain http does',
  failureTitle: 'A declared exception does not answer over plain http',
  why: 'Load balancers and health probes ask over http and take a redirect for an outage.',
  source: 'redirects.exceptions of the target',
  severity: 'medium',
  codes: {
    'redirects.exception.redirected': {
      meaning: 'A path that must answer over http is redirected.',
      fix: 'nginx: location = /path before the redirect of the same server block.',
    },
    'redirects.exception.status': {
      meaning: 'A path that must answer over http has another status than declared.',
      fix: 'Check what the path is proxied to on port 80.',
    },
    'redirects.exception.closed': {
      meaning: 'Nothing listens on port 80 although an exception is declared there.',
      fix: 'Open port 80, or drop the exception.',
    },
  },
  options: {},
  subjects,
  unless: { skip: 'not-declared', reason: 'redirects.exceptions is not declared' },
  needs: (subject) => ({ plain: attempt(plainRequest(hostOf(subject), (subject.item as Exception).path)) }),
  judge: ({ plain }, { subject }) => {
    const wanted = [(subject.item as Exception).status].flat()
    const expected = `status ${wanted.join(' or ')}`
    if (isClosed(plain)) return fail('redirects.exception.closed', { what: subject.name, expected, received: 'connection refused' })
    const seen = answered(plain)
    if ('verdict' in seen) return seen.verdict
    const evidence = evidenceOf(seen.value, expected)
    if (wanted.includes(seen.value.status)) return pass(evidence)
    const blocked = obstacle(seen.value)
    if (blocked !== undefined) return blocked
    return fail(isRedirect(seen.value) ? 'redirects.exception.redirected' : 'redirects.exception.status', evidence)
  },
  reproduce: (subject, target) => curlFor(target, subject.name),
  covers: ['A22', 'D8'],
})
