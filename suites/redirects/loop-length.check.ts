import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'

import { attempt } from '../../helpers/probe.ts'
import { httpChain } from '../../helpers/probes/http.ts'
import type { HttpChain } from '../../helpers/observations.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { type Evidence, type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { isClosed, noHosts, SILENCE } from './shared.ts'

const line = (chain: HttpChain): string =>
  [...chain.hops.map((hop) => `${hop.status} ${hop.url}`), ...(chain.reason === undefined ? [] : [`${chain.end}: ${chain.reason}`])].join(' → ')

export default defineCheck({
  id: 'redirects/loop-length',
  title: 'Redirects end, and soon',
  failureTitle: 'Redirects go in circles or take too many hops',
  why: 'A redirect rule behind a proxy that ends TLS sends every visitor round in circles; each further hop costs a round trip and a chance to break.',
  source: 'Fetch standard (20 redirects); redirect.maxHops of the target (default 2); hstspreload.org',
  severity: 'high',
  codes: {
    'redirects.loop': {
      meaning: 'A redirect leads back to a URL that was asked before.',
      fix: 'Redirect only where X-Forwarded-Proto is not https; check the canonical-host rule.',
    },
    'redirects.endless': { meaning: 'More than ten redirects without an answer.', fix: 'Follow the hops shown and remove the rule that adds one each time.' },
    'redirects.too-many-hops': { meaning: 'More redirects than the target allows.', fix: 'Go to the final https address in one hop.' },
    'redirects.dead-end': {
      meaning: 'A redirect leads to an address that cannot be reached or is none.',
      fix: 'Correct the Location that is shown, or repair the host it names.',
    },
  },
  options: { failHops: 5 },
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({
    plain: attempt(httpChain(`http://${hostOf(subject).fqdn}/`)),
    secure: attempt(httpChain(`https://${hostOf(subject).fqdn}${hostOf(subject).path}`)),
  }),
  judge: ({ plain, secure }, { subject, options }) => {
    const host = hostOf(subject)
    const findings: Finding[] = []
    const silent: Evidence[] = []
    for (const [scheme, seen] of [
      ['http', plain],
      ['https', secure],
    ] as const) {
      if (!seen.ok) continue
      const chain = seen.value
      const most = host.redirect.maxHops + 1
      const redirects = chain.end === 'final' ? chain.hops.length - 1 : chain.hops.length
      // Redirects on the https side (to a login, to the canonical name) belong to the application; the limit is on the way to https.
      const first = chain.hops.findIndex((hop) => hop.url.startsWith('https:'))
      const toHttps = scheme === 'http' ? (first === -1 ? redirects : first) : 0
      const evidence = {
        what: `redirects from ${chain.hops[0]?.url ?? scheme}`,
        expected: `at most ${host.redirect.maxHops} to https, ${options.failHops} in all`,
        received: line(chain),
      }
      if (chain.end === 'loop') findings.push({ grade: 'fail', code: 'redirects.loop', evidence })
      else if (chain.end === 'too-many') findings.push({ grade: 'fail', code: 'redirects.endless', evidence })
      else if (chain.end === 'failed' && SILENCE.test(chain.reason ?? '')) silent.push(evidence)
      else if (chain.end === 'failed' || (chain.end === 'unfollowable' && chain.reason?.startsWith('leaves the domain') !== true))
        findings.push({ grade: 'fail', code: 'redirects.dead-end', evidence })
      else if (redirects > options.failHops) findings.push({ grade: 'fail', code: 'redirects.too-many-hops', evidence })
      else if (toHttps > host.redirect.maxHops || redirects > most + 1)
        findings.push({ grade: 'warn', code: 'redirects.too-many-hops', evidence, severity: 'medium' })
      else findings.push({ grade: 'pass', evidence })
    }
    const verdict = findings.length === 0 ? undefined : worst(findings)
    if (silent.length > 0 && (verdict === undefined || verdict.outcome === 'pass'))
      return inconclusive('unobserved', 'a hop of the chain did not answer: that is neither an end nor a dead end', silent)
    if (verdict === undefined)
      return inconclusive('unobserved', isClosed(plain) && isClosed(secure) ? 'neither port 80 nor 443 is open' : 'neither http nor https answered')
    return verdict
  },
  reproduce: (subject, target) =>
    curlFor(target, `http://${hostOf(subject).fqdn}/`, { flags: ['-sS', '-L', '--max-redirs', '10', '-o', '/dev/null', '-D', '-'] }),
  covers: ['A24', 'A21'],
})
