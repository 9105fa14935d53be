import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { connectFor, portLook, portOf, portSubjects, readLooks } from './port.ts'

export default defineCheck({
  id: 'exposure/closed-or-403',
  title: 'Ports for embedding are closed or refuse strangers',
  failureTitle: 'A port for embedding serves strangers',
  why: 'These ports strip X-Frame-Options and the content security policy: whoever reaches one can frame the application.',
  source: 'exposure.closedOr403 of the target',
  severity: 'critical',
  codes: {
    'exposure.port.serves': {
      meaning: 'A port of exposure.closedOr403 answers with something else than 403.',
      fix: 'Publish it on loopback (127.0.0.1:8881:8881): allow and deny of nginx see the bridge gateway behind a published port.',
    },
    'exposure.port.no-http': { meaning: 'A port of exposure.closedOr403 is open and speaks no HTTP.', fix: 'Close it, or publish it on loopback.' },
  },
  options: {},
  subjects: (target) => portSubjects(target, target.file.exposure?.closedOr403 ?? []),
  unless: { skip: 'not-declared', reason: 'exposure.closedOr403 is not declared' },
  needs: (subject) => ({ sight: portLook(portOf(subject)) }),
  judge: ({ sight }, { target }) => {
    const looks = readLooks(sight, target, 'refused, filtered, or status 403')
    const evidence = looks.map((one) => one.evidence)
    const findings = looks.flatMap((one): readonly Finding[] => {
      if (one.state === 'closed') return [{ grade: 'pass', evidence: one.evidence }]
      if (one.state !== 'open') return []
      const banner = one.look.seen.ok ? one.look.seen.value.banner : undefined
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(Buffer.from(banner ?? []).toString('latin1'))?.[1]
      if (status === '403') return [{ grade: 'pass', evidence: one.evidence }]
      // 401 refuses strangers too, but the owner asked for 403: nothing of the application is shown either way.
      if (status === '401') return [{ grade: 'warn', code: 'exposure.port.serves', severity: 'medium', evidence: one.evidence }]
      if (status === undefined) return [{ grade: 'fail', code: 'exposure.port.no-http', severity: 'high', evidence: one.evidence }]
      return [{ grade: 'fail', code: 'exposure.port.serves', severity: /^[23]/.test(status) ? 'critical' : 'high', evidence: one.evidence }]
    })
    // What merely deviates does not stand for what could not be seen.
    if (findings.some((one) => one.grade === 'fail')) return worst(findings)
    const blind = looks.filter((one) => one.state === 'unobserved' || one.state === 'middlebox')
    if (blind.length > 0) return inconclusive('unobserved', blind[0]?.evidence.received ?? 'not seen', evidence)
    if (looks.some((one) => one.state === 'unmapped')) return inconclusive('misused', 'network.ports has no entry for this port', evidence)
    if (findings.length === 0)
      return looks.some((one) => one.state === 'edge')
        ? skip('not-applicable', 'only addresses of the edge are known, and the edge answers this port itself: declare edge.origin.address', evidence)
        : inconclusive('unobserved', 'no address could be looked at', evidence)
    return worst(findings)
  },
  reproduce: (subject, target) => connectFor(portOf(subject), target),
  covers: ['A59'],
})
