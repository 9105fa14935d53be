import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { bodyText, isChallenge } from '../../helpers/headers.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { evidenceOf, noHosts } from './shared.ts'

/** Ours alone: found in the body it came back. */
const ECHO = 'postproof-echo-3f9c0d1e'

export default defineCheck({
  id: 'headers/trace-method',
  title: 'TRACE does not send the request back',
  failureTitle: 'TRACE sends the request back',
  why: 'What comes back includes the headers that proxies added inside, and cookies that scripts must not read.',
  source: 'RFC 9110 §9.3.8; ASVS 13.4.4',
  severity: 'medium',
  codes: {
    'headers.trace.echo': {
      meaning: 'A TRACE request was answered with its own headers.',
      fix: 'Apache: TraceEnable off; nginx and Caddy refuse it by themselves, so look at the backend.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({
    seen: httpRequest({ scheme: 'https', host: hostOf(subject).fqdn, method: 'TRACE', path: hostOf(subject).path, headers: [['x-postproof', ECHO]] }),
  }),
  judge: ({ seen }) => {
    const echoed = bodyText(seen).includes(ECHO)
    const evidence = evidenceOf(
      seen,
      'TRACE',
      'refused, or answered without our header',
      `status ${seen.status}, ${echoed ? 'our header in the body' : `${seen.body.length} bytes without our header`}`,
    )
    // Only the echo proves it: an Allow list says nothing, and a page for every method is no TRACE.
    if (echoed) return seen.status < 300 ? fail('headers.trace.echo', evidence) : fail('headers.trace.echo', evidence, 'low')
    if (seen.status === 429 || seen.status === 503 || isChallenge(seen))
      return inconclusive('unobserved', `an obstacle answered: status ${seen.status}`, evidence)
    return pass(evidence)
  },
  reproduce: (subject, target) => curlFor(target, `https://${subject.name}/`, { method: 'TRACE', headers: [['x-postproof', ECHO]], flags: ['-sS', '-i'] }),
  covers: [],
})
