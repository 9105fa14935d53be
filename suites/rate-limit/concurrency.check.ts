import { defineCheck } from '../../helpers/check.ts'
import { concurrentLook, type Crowd } from '../../helpers/probes/concurrent.ts'
import { statusesOf } from '../../helpers/rejection.ts'
import { type Evidence, type Finding, inconclusive, type Verdict, worst } from '../../helpers/verdict.ts'
import { zonesOf } from '../../helpers/zones.ts'
import { curlMany, subjectOf, zoneOf } from './shared.ts'

export default defineCheck({
  id: 'rate-limit/concurrency',
  title: 'No client has more requests under way than declared',
  failureTitle: 'The limit of requests under way at once does not hold as declared',
  why: 'A few slow requests of one client can hold every worker. Over HTTP/2 each stream counts, so a limit that is right for connections breaks pages with many files, and one that counts connections is none.',
  source: 'rateLimits.concurrency of the target; nginx limit_conn: each concurrent HTTP/2 request is a connection of its own',
  severity: 'high',
  codes: {
    'rate-limit.concurrency.unlimited': {
      meaning: 'More requests were under way at once than declared.',
      fix: 'Look whether limit_conn stands in the location that answers.',
    },
    'rate-limit.concurrency.h2': { meaning: 'Over HTTP/2 more requests were under way at once than declared.', fix: 'Count requests and not connections.' },
    'rate-limit.concurrency.early': {
      meaning: 'Fewer requests than declared may be under way at once.',
      fix: 'Raise the limit; over HTTP/2 a page with many files needs all of them at once.',
    },
    'rate-limit.concurrency.status': { meaning: 'The refusal carries another status than declared.', fix: 'nginx: limit_conn_status 429.' },
    'rate-limit.concurrency.shared': {
      meaning: 'Another client is refused because the first one has its most under way.',
      fix: 'Count by client address, behind a proxy by the one it hands on.',
    },
    'rate-limit.concurrency.stuck': {
      meaning: 'When all requests are answered, the next one is refused.',
      fix: 'Look for counters that are not given back when a client goes away.',
    },
  },
  options: {},
  subjects: (target) =>
    zonesOf(target)
      .filter(({ declared }) => declared.concurrency !== undefined)
      .map((zone) => subjectOf(zone, target)),
  unless: { skip: 'not-declared', reason: 'rateLimits.concurrency is not declared' },
  needs: (subject, target) => ({ look: concurrentLook(zoneOf(subject), target) }),
  judge: ({ look }, { subject }): Verdict => {
    const { declared } = zoneOf(subject)
    const most = declared.concurrency ?? Number.NaN
    const evidence = (what: string, expected: string, received: string): Evidence => ({ what, expected, received, where: look.peer, at: look.at })
    if (look.usual === undefined) return inconclusive('unobserved', 'the first request was not let through: there is nothing to compare with')
    const findings: Finding[] = []
    const unclear: Evidence[] = []
    const wanted = statusesOf(declared)
    const judgeCrowd = ({ asked, answers, together, surely = together }: Crowd, what: string, code: string): void => {
      const refused = answers.filter(({ fate }) => fate === 'refused')
      const admitted = answers.filter(({ fate }) => fate === 'admitted').length
      const told = evidence(
        what,
        `${most} let through, ${asked - most} refused`,
        `${admitted} let through, ${together} of them at one moment; ${refused.length} refused`,
      )
      if (answers.some(({ fate }) => fate === 'broken') && refused.length === 0) unclear.push(told)
      else if (surely > most) findings.push({ grade: 'fail', code, evidence: told })
      else if (together > most) unclear.push(told)
      else if (refused.length > 0 && admitted < most) findings.push({ grade: 'fail', code: 'rate-limit.concurrency.early', severity: 'medium', evidence: told })
      // Answered one after the other, they were never more than a few at once.
      else if (refused.length === 0) unclear.push(told)
      else findings.push({ grade: 'pass', evidence: told })
      const strange = refused.find(({ status }) => !wanted.includes(status))
      if (strange !== undefined)
        findings.push({
          grade: 'fail',
          code: 'rate-limit.concurrency.status',
          severity: 'medium',
          evidence: evidence(what, `refused with ${wanted.join(' or ')}`, String(strange.status)),
        })
    }
    judgeCrowd(look.http1, `${look.http1.asked} connections to ${look.url}`, 'rate-limit.concurrency.unlimited')
    if (look.http2 !== undefined) judgeCrowd(look.http2, `${look.http2.asked} HTTP/2 streams to ${look.url}`, 'rate-limit.concurrency.h2')
    if (look.second !== undefined && look.second.fate !== 'broken')
      findings.push({
        grade: look.second.fate === 'refused' ? 'fail' : 'pass',
        code: 'rate-limit.concurrency.shared',
        evidence: evidence(
          `${look.url} as ${declared.secondAddress ?? 'another client'}, meanwhile`,
          'let through',
          `${look.second.fate}: ${look.second.status}`,
        ),
      })
    findings.push({
      grade: look.after.fate === 'admitted' ? 'pass' : 'fail',
      code: 'rate-limit.concurrency.stuck',
      evidence: evidence(`${look.url}, afterwards`, 'let through', `${look.after.fate}: ${look.after.failure ?? look.after.status}`),
    })
    if (unclear.length > 0 && findings.every(({ grade }) => grade === 'pass'))
      return inconclusive(
        'unobserved',
        `answers came too soon for more than ${most} to be under way at once: declare the path of a slower one as rateLimits.request`,
        unclear,
      )
    return worst(findings)
  },
  reproduce: (subject, target) => {
    const most = (zoneOf(subject).declared.concurrency ?? 1) + 3
    return curlMany(subject, target, most).replace('; do ', '; do (').replace('; done', ' &); done; sleep 5')
  },
  covers: ['D19'],
})
