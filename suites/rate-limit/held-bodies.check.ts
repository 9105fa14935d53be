import { defineCheck } from '../../helpers/check.ts'
import { heldBodiesLook } from '../../helpers/probes/held-bodies.ts'
import { zoneRequest } from '../../helpers/rejection.ts'
import { type Evidence, type Finding, inconclusive, type Verdict, worst } from '../../helpers/verdict.ts'
import { zonesOf } from '../../helpers/zones.ts'
import { curlOne, subjectOf, zoneOf } from './shared.ts'

const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

export default defineCheck({
  id: 'rate-limit/held-bodies',
  title: 'Requests whose body does not come count as requests under way',
  failureTitle: 'Requests whose body does not come are not counted, or take others with them',
  why: 'Who sends the head of a request and then a byte a minute holds a worker for nothing; if nobody counts it, a thousand of them hold them all.',
  source: 'rateLimits.concurrency of the target, for a zone whose request has a body; nginx limit_conn counts once the head is read; CWE-400',
  severity: 'medium',
  codes: {
    'rate-limit.held-bodies.uncounted': {
      meaning: 'As many requests as declared were held open without their bodies, and further ones of the same client were let through.',
      fix: 'Count before the body is read: limit_conn in the location that takes it; shorten client_body_timeout.',
    },
    'rate-limit.held-bodies.blocks': {
      meaning: 'While one client holds requests open, others are refused or get no answer.',
      fix: 'Let the proxy read bodies before a worker of the application is taken (proxy_request_buffering on), and count by client address.',
    },
    'rate-limit.held-bodies.stuck': {
      meaning: 'When the client that held requests open has gone, the next one is refused.',
      fix: 'Give the count back when a connection ends, not only when a request is answered.',
    },
  },
  options: {},
  subjects: (target) =>
    zonesOf(target)
      .filter(({ declared }) => declared.concurrency !== undefined && declared.layer !== 'app' && WITH_BODY.has(zoneRequest(declared, target).method))
      .map((zone) => subjectOf(zone, target)),
  unless: { skip: 'not-declared', reason: 'no rateLimits.concurrency of the edge is declared for a request with a body (POST, PUT, PATCH)' },
  needs: (subject, target) => ({ look: heldBodiesLook(zoneOf(subject), target) }),
  judge: ({ look }, { subject }): Verdict => {
    const { declared } = zoneOf(subject)
    const tell = (what: string, expected: string, received: string): Evidence => ({ what, expected, received, where: look.peer, at: look.at })
    if (look.usual === undefined) return inconclusive('unobserved', 'the first request was not let through: there is nothing to compare with')
    const open = look.held - look.answered.length
    const what = `${look.held} times ${look.method} ${look.url} without its body`
    const early = look.answered.map(({ status, failure }) => failure ?? status).join(', ')
    if (open < look.held)
      return inconclusive(
        'unobserved',
        'requests were answered, or ended, before their bodies came, so they held nothing',
        tell(what, 'no answer before the body', `${look.answered.length} of ${look.held} answered: ${early}`),
      )
    const findings: Finding[] = []
    const add = (good: boolean, code: string, evidence: Evidence): void => {
      findings.push(good ? { grade: 'pass', evidence } : { grade: 'fail', code: `rate-limit.held-bodies.${code}`, evidence })
    }
    const shown = look.meanwhile.map(({ fate, status, failure }) => `${fate}: ${failure ?? status}`).join(', ')
    const told = tell(`${look.url}, while ${look.held} requests are held open`, 'refused', shown)
    const blocked = look.meanwhile.some(({ failure }) => failure === 'TIMEOUT')
    add(!blocked && look.meanwhile.length > 0 && look.meanwhile.every(({ fate }) => fate === 'refused'), blocked ? 'blocks' : 'uncounted', told)
    if (look.second !== undefined)
      add(
        look.second.fate === 'admitted',
        'blocks',
        tell(
          `${look.url} as ${declared.secondAddress ?? 'another client'}, meanwhile`,
          'let through',
          `${look.second.fate}: ${look.second.failure ?? look.second.status}`,
        ),
      )
    add(
      look.after.fate === 'admitted',
      'stuck',
      tell(`${look.url}, when they are closed`, 'let through', `${look.after.fate}: ${look.after.failure ?? look.after.status}`),
    )
    return worst(findings)
  },
  reproduce: (subject, target) => {
    const { concurrency = 1 } = zoneOf(subject).declared
    const one = curlOne(subject, target)
    const slow = one.replace(/ --data-binary (?:'[^']*'|\S+)/, '').replace('curl ', "curl -T - -H 'Content-Length: 1024' -H 'Transfer-Encoding:' ")
    return `for i in $(seq ${concurrency}); do (sleep 5 | ${slow} &); done; sleep 1; ${one}`
  },
  covers: ['D19'],
})
