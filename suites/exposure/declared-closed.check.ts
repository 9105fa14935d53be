import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { connectFor, portLook, portOf, portSubjects, readLooks } from './port.ts'

export default defineCheck({
  id: 'exposure/declared-closed',
  title: 'Ports that must be closed are closed',
  failureTitle: 'A port that must be closed is open',
  why: 'A port published for the inside goes round the proxy with its TLS, its limits and its logins. Published container ports bypass ufw.',
  source: 'exposure.closed of the target; moby #4737',
  severity: 'high',
  codes: {
    'exposure.port.open': {
      meaning: 'A port of exposure.closed accepts connections.',
      fix: 'Publish it on loopback (127.0.0.1:5432:5432) or not at all, and look from outside again: a published container port passes ufw by.',
    },
    'exposure.port.open-ipv6': {
      meaning: 'A port of exposure.closed accepts connections over IPv6 only.',
      fix: 'Give ip6tables or nftables the same rules as IPv4; publish on 127.0.0.1 and ::1 only.',
    },
  },
  options: {},
  subjects: (target) => portSubjects(target, target.file.exposure?.closed ?? []),
  unless: { skip: 'not-declared', reason: 'exposure.closed is not declared' },
  needs: (subject) => ({ sight: portLook(portOf(subject)) }),
  judge: ({ sight }, { target }) => {
    const looks = readLooks(sight, target, 'refused or filtered')
    const evidence = looks.map((one) => one.evidence)
    const open = looks.filter((one) => one.state === 'open')
    if (open.length > 0) {
      const code = open.every((one) => one.look.family === 6) && looks.some((one) => one.look.family === 4) ? 'exposure.port.open-ipv6' : 'exposure.port.open'
      return worst(
        looks.map((one): Finding => (one.state === 'open' ? { grade: 'fail', code, evidence: one.evidence } : { grade: 'pass', evidence: one.evidence })),
      )
    }
    const blind = looks.filter((one) => one.state === 'unobserved' || one.state === 'middlebox')
    if (blind.length > 0) return inconclusive('unobserved', blind[0]?.evidence.received ?? 'not seen', evidence)
    if (looks.some((one) => one.state === 'unmapped')) return inconclusive('misused', 'network.ports has no entry for this port', evidence)
    if (!looks.some((one) => one.state === 'closed'))
      return looks.some((one) => one.state === 'edge')
        ? skip('not-applicable', 'only addresses of the edge are known, and the edge answers this port itself: declare edge.origin.address', evidence)
        : inconclusive('unobserved', 'no address could be looked at', evidence)
    return worst(evidence.map((one): Finding => ({ grade: 'pass', evidence: one })))
  },
  reproduce: (subject, target) => connectFor(portOf(subject), target),
  covers: ['A62', 'A63', 'A64', 'A65', 'B40', 'C22', 'D59', 'E7', 'E9'],
})
