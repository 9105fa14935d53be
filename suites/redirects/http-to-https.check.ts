import { defineCheck, hostOf } from '../../helpers/check.ts'

import { bodyText, headerValues } from '../../helpers/headers.ts'
import { attempt } from '../../helpers/probe.ts'
import { fail, pass, warn } from '../../helpers/verdict.ts'
import {
  answered,
  curlPlain,
  declaredStatuses,
  evidenceOf,
  expectedLocation,
  isClosed,
  isRedirect,
  locationOf,
  noHosts,
  obstacle,
  plainRequest,
  redirecting,
  refusedInterface,
  urlOf,
} from './shared.ts'

export default defineCheck({
  id: 'redirects/http-to-https',
  title: 'Plain http leads to https on the same host',
  failureTitle: 'Plain http does not lead to https on the same host',
  why: 'Typed and old links start at http; what answers there can be read and changed by anyone on the way.',
  source: 'RFC 9110 §15.4; Observatory redirection; internet.nl forced-https; redirect.to of the target',
  severity: 'high',
  codes: {
    'redirects.https.missing': {
      meaning: 'Port 80 answers with content or an error instead of a redirect.',
      fix: 'nginx: server { listen 80; return 301 https://$host$request_uri; } for every name, exact names too.',
    },
    'redirects.https.by-markup': {
      meaning: 'The page moves to https by meta refresh or script, after it was sent in clear.',
      fix: 'Redirect with status 301 or 308 instead.',
    },
    'redirects.https.keeps-http': { meaning: 'The redirect of port 80 points to http again.', fix: 'Redirect to https:// at the first hop.' },
    'redirects.https.other-host': {
      meaning: 'The redirect goes to another host than declared.',
      fix: 'nginx: return 301 https://$host$request_uri; not a fixed name.',
    },
    'redirects.https.ambiguous': {
      meaning: 'The answer carries several different Locations; browsers refuse it or take either.',
      fix: 'Let only one of proxy and application redirect (nginx: proxy_hide_header Location, or no add_header Location).',
    },
    'redirects.https.closed': {
      meaning: 'Nothing listens on port 80 although a redirect is declared.',
      fix: 'Open port 80 for the redirect, or add "closed" to redirect.status.',
    },
  },
  options: {},
  subjects: redirecting,
  unless: noHosts,
  needs: (subject) => ({ plain: attempt(plainRequest(hostOf(subject))) }),
  judge: ({ plain }, { subject, target }) => {
    const host = hostOf(subject)
    const wanted = expectedLocation(host, '/')
    if (isClosed(plain)) {
      const evidence = { what: `port 80 of ${host.fqdn}`, expected: `a redirect to ${wanted}, or closed`, received: 'connection refused' }
      const declared = declaredStatuses(host, target)
      return declared === undefined || declared.includes('closed') ? pass(evidence) : warn('redirects.https.closed', evidence, 'medium')
    }
    const seen = answered(plain)
    if ('verdict' in seen) return seen.verdict
    const answer = seen.value
    const blocked = obstacle(answer)
    if (blocked !== undefined) return blocked
    const evidence = evidenceOf(answer, `a redirect to ${wanted}`)
    if (refusedInterface(answer, host, target)) return pass({ ...evidence, expected: `a redirect to ${wanted}, or a refusal: it is an interface` })
    const locations = new Set(headerValues(answer.headers, 'location'))
    if (isRedirect(answer) && locations.size > 1)
      return fail('redirects.https.ambiguous', { ...evidence, expected: 'one Location', received: [...locations].join(' and ') })
    if (!isRedirect(answer) || locations.size === 0) {
      const markup = /<meta[^>]{0,200}http-equiv\s*=\s*["']?refresh|location\.(?:href|protocol|replace)/i.test(bodyText(answer).slice(0, 65_536))
      return answer.status < 300 && markup ? fail('redirects.https.by-markup', evidence) : fail('redirects.https.missing', evidence)
    }
    const location = locationOf(answer)
    if (location?.protocol !== 'https:') return fail('redirects.https.keeps-http', evidence)
    if (location.host === urlOf(wanted)?.host) return pass(evidence)
    // Domain and www are one site to those who declare nothing else; that the first hop leaves the name is redirects/off-host-first.
    const pair = [target.domain, `www.${target.domain}`]
    const declaredTo = host.declared.redirect?.to ?? target.file.defaults?.redirect?.to
    return declaredTo === undefined && pair.includes(host.fqdn) && pair.includes(location.host)
      ? pass({ ...evidence, expected: `a redirect to https on ${pair.join(' or ')}` })
      : fail('redirects.https.other-host', evidence)
  },
  reproduce: curlPlain(),
  covers: ['A20', 'A25', 'B15', 'C7', 'D7', 'E22'],
})
