import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { connectFor, portLook, portOf, portSubjects, readLooks } from './port.ts'

export default defineCheck({
  id: 'exposure/declared-open',
  title: 'Ports that must be open are open',
  failureTitle: 'A port that must be open is closed',
  why: 'A service that the firewall hides is down for everybody outside, whatever it says inside; over IPv6 it is noticed last.',
  source: 'exposure.open of the target',
  severity: 'high',
  codes: {
    'exposure.port.closed': {
      meaning: 'A port of exposure.open is refused or filtered at an address that the names resolve to.',
      fix: 'Start the listener on this address and let the firewall pass it, for IPv4 and IPv6; or take the record away.',
    },
  },
  options: {},
  subjects: (target) => portSubjects(target, target.file.exposure?.open ?? []),
  unless: { skip: 'not-declared', reason: 'exposure.open is not declared' },
  needs: (subject) => ({ sight: portLook(portOf(subject)) }),
  judge: ({ sight }, { target }) => {
    // The origin behind an edge must be closed to strangers: it is no address that visitors use.
    const looks = readLooks({ ...sight, looks: sight.looks.filter((one) => !one.origin || one.names.length > 0) }, target, 'open')
    const findings = looks.flatMap((one): readonly Finding[] =>
      one.state === 'open' || one.state === 'edge' || one.state === 'middlebox'
        ? [{ grade: 'pass', evidence: one.evidence }]
        : one.state === 'closed'
          ? [{ grade: 'fail', code: 'exposure.port.closed', evidence: one.evidence }]
          : [],
    )
    if (findings.some((one) => one.grade === 'fail')) return worst(findings)
    const blind = looks.filter((one) => one.state === 'unobserved')
    const evidence = looks.map((one) => one.evidence)
    if (blind.length > 0) return inconclusive('unobserved', blind[0]?.evidence.received ?? 'not seen', evidence)
    if (findings.length === 0) return inconclusive('unobserved', 'no address could be looked at', evidence)
    return worst(findings)
  },
  reproduce: (subject, target) => connectFor(portOf(subject), target),
  covers: ['C22', 'D59', 'B40'],
})
