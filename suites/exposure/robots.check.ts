import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { bodyText } from '../../helpers/headers.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { curlOf, evidenceOf, isBlocked, isSuccess, looksLikeHtml, noHosts, shownOf } from './shared.ts'

const TELLING =
  /(?:^|[/_.-])(?:admin\w{0,100}|backups?|private|internal|secrets?|intern|config|dump|phpmyadmin|staging|old|\.git|\.env|database)(?:$|[/_.*$-])/i
/** What every installation of a product lists gives nothing away. */
const USUAL = /^\/(?:wp-admin|wp-includes|administrator|user|cgi-bin)\b/i

export default defineCheck({
  id: 'exposure/robots',
  title: 'robots.txt lists no hiding place',
  failureTitle: 'robots.txt lists a hiding place',
  why: 'The file is read by everybody; a path that is only left out of search engines is found there first.',
  source: 'RFC 9309 §3; OWASP WSTG-INFO-03',
  severity: 'info',
  codes: {
    'exposure.robots.telling': {
      meaning: 'robots.txt names paths that sound as if they should be hidden.',
      fix: 'Protect the paths by login and take them out of robots.txt; use X-Robots-Tag: noindex where needed.',
    },
  },
  options: {},
  subjects: eachHost((host) => host.kind !== 'redirect'),
  unless: noHosts,
  needs: (subject) => ({ robots: httpRequest({ scheme: 'https', host: hostOf(subject).fqdn, path: '/robots.txt' }) }),
  judge: ({ robots }) => {
    if (isBlocked(robots) || robots.status >= 500)
      return inconclusive('unobserved', `an obstacle answered: ${shownOf(robots)}`, evidenceOf(robots, 'robots.txt'))
    const expected = 'no telling path'
    if (!isSuccess(robots) || looksLikeHtml(robots)) return pass(evidenceOf(robots, expected, `${shownOf(robots)}: no robots.txt`))
    const rules = [...bodyText(robots).matchAll(/^[^\S\r\n]*(?:dis)?allow[^\S\r\n]*:[^\S\r\n]*(\S+)/gim)].map((one) => one[1] ?? '').slice(0, 2_000)
    const telling = [...new Set(rules.filter((path) => TELLING.test(path) && !USUAL.test(path)))]
    return telling.length === 0
      ? pass(evidenceOf(robots, expected, `${rules.length} rules`))
      : warn(
          'exposure.robots.telling',
          evidenceOf(
            robots,
            expected,
            telling
              .slice(0, 10)
              .map((path) => path.slice(0, 80))
              .join(' '),
          ),
        )
  },
  reproduce: curlOf('/robots.txt'),
})
