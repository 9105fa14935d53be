import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'

import { attempt } from '../../helpers/probe.ts'
import { httpChain } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { locationOf, isRedirect, noHosts } from './shared.ts'

export default defineCheck({
  id: 'redirects/chain-secure',
  title: 'Once on https, redirects stay there',
  failureTitle: 'A redirect goes back from https to http',
  why: 'A hop back to http gives up what the hops before won: the address, cookies without Secure and the next answer travel in clear.',
  source: 'hstspreload.org; Observatory redirection-not-to-https',
  severity: 'medium',
  codes: {
    'redirects.downgrade': { meaning: 'An https answer redirects to http.', fix: 'Give absolute https URLs; let the application trust X-Forwarded-Proto.' },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({
    plain: attempt(httpChain(`http://${hostOf(subject).fqdn}/`)),
    secure: attempt(httpChain(`https://${hostOf(subject).fqdn}${hostOf(subject).path}`)),
  }),
  judge: ({ plain, secure }) => {
    const hops = [plain, secure].flatMap((seen) => (seen.ok ? seen.value.hops : [])).filter((hop) => hop.url.startsWith('https:'))
    if (hops.length === 0) return inconclusive('unobserved', 'no https answer came')
    const bad = hops.find((hop) => isRedirect(hop) && locationOf(hop)?.protocol === 'http:')
    if (bad !== undefined)
      return fail('redirects.downgrade', {
        what: `redirect of ${bad.url}`,
        expected: 'https',
        received: locationOf(bad)?.href ?? '',
        where: bad.peer,
        at: bad.at,
      })
    return pass({
      what: 'every https hop of the chains from http and https',
      expected: 'no redirect back to http',
      received: [...new Set(hops.map((hop) => hop.url))].join(' → '),
    })
  },
  reproduce: (subject, target) =>
    curlFor(target, `https://${hostOf(subject).fqdn}${hostOf(subject).path}`, { flags: ['-sS', '-L', '--max-redirs', '10', '-o', '/dev/null', '-D', '-'] }),
})
