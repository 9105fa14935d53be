import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { documentSamples } from '../../helpers/probes/timing.ts'
import { headerValue, isObstacle } from '../../helpers/headers.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { samplesOf } from './shared.ts'

/** Servers close a connection now and then after so many requests: one new connection in a series is no verdict. */
const LOOKS = 3

export default defineCheck({
  id: 'performance/keep-alive',
  title: 'Several requests share one connection',
  failureTitle: 'Every request needs a connection of its own',
  why: 'Without it each script, style and image pays two or three more round trips, and the edge pays a handshake.',
  source: 'RFC 9112 §9.3; RFC 9113 §9.1',
  severity: 'low',
  codes: {
    'performance.keep-alive.off': {
      meaning: 'Requests one after the other never went over a connection that had served before.',
      fix: 'nginx: keepalive_timeout above 0, no add_header Connection close; on a load balancer, its idle timeout.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: { skip: 'not-declared', reason: 'the target has no hosts' },
  needs: (subject, target) => ({ samples: documentSamples(hostOf(subject), Math.max(LOOKS, samplesOf(target))) }),
  judge: ({ samples }) => {
    const all = samples.flatMap((sample) => sample.hops)
    // Limiters and broken gateways close what the host itself would keep open; any other answer tells.
    // What only the lenient reader takes was asked on a connection of its own.
    const hops = all.filter((hop) => !isObstacle(hop) && hop.malformed === undefined)
    const [first] = hops
    // Others ask the same host meanwhile, so the first of a series may well have gone over a used connection.
    if (first === undefined || hops.length < 2)
      return inconclusive('unobserved', `fewer than two requests were answered by the host itself (${all.map((hop) => hop.status).join(', ')})`)
    const reused = hops.filter((hop) => hop.reused).length
    const closing = hops.filter((hop) => /(?:^|,)\s*close\s*(?:,|$)/i.test(headerValue(hop.headers, 'connection') ?? '')).length
    const evidence = {
      what: `requests of ${first.url} one after the other`,
      expected: 'they share a connection',
      received: `${reused} of ${hops.length} over a connection in use${closing === 0 ? '' : `, ${closing} answered with Connection: close`} (HTTP/${first.httpVersion})`,
      where: first.peer,
      at: first.at,
    }
    return reused > 0 ? pass(evidence) : fail('performance.keep-alive.off', evidence)
  },
  reproduce: (subject, target) => {
    const { fqdn, path } = hostOf(subject)
    return `${curlFor(target, `https://${fqdn}${path}`, { flags: ['-sS', '-v', '-o', '/dev/null', '-o', '/dev/null'] })} https://${fqdn}${path} 2>&1 | grep -i connection`
  },
  covers: ['C80'],
})
