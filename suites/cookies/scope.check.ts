import { defineCheck, hostOf } from '../../helpers/check.ts'
import { domainScope } from '../../helpers/grammar/set-cookie.ts'
import { curl, everyHost, evidenceOf, looks, noHosts, perCookie } from './shared.ts'

export default defineCheck({
  id: 'cookies/scope',
  title: 'Cookies go to the hosts they are meant for',
  failureTitle: 'A cookie goes too far, or nowhere',
  why: 'With Domain every host below it gets the session and can overwrite it; a Domain that browsers refuse means no cookie at all.',
  source: 'RFC 6265bis §5.7; CHIPS; Public Suffix List',
  severity: 'medium',
  codes: {
    'cookies.scope.foreign': {
      meaning: 'Domain is not the host or a domain above it: browsers drop the cookie.',
      fix: 'Leave Domain out, or name the own domain.',
    },
    'cookies.scope.public-suffix': {
      meaning: 'Domain is a suffix under which strangers have names: browsers drop the cookie.',
      fix: 'Leave Domain out, or name the own domain below that suffix.',
    },
    'cookies.scope.wide': {
      meaning: 'A session cookie goes to every host of the domain.',
      fix: 'Leave Domain out; where single sign-on needs it, declare the domain of the cookie.',
    },
    'cookies.scope.partitioned-insecure': { meaning: 'Partitioned without Secure: browsers drop the cookie.', fix: 'Add Secure.' },
    'cookies.scope.path-ignored': { meaning: 'Path does not begin with a slash: browsers take the path of the request.', fix: 'Write Path=/.' },
  },
  options: {},
  subjects: everyHost,
  unless: noHosts,
  needs: looks,
  judge: (seen, { subject, target }) =>
    perCookie(seen.looks, hostOf(subject), target, (found) => {
      const host = hostOf(subject).fqdn
      const { cookie } = found
      const scope = domainScope(cookie, host)
      const dropped = scope === 'foreign' ? 'cookies.scope.foreign' : scope === 'public-suffix' ? 'cookies.scope.public-suffix' : undefined
      // What browsers drop cannot be cleared either, so deletions count here.
      if (dropped !== undefined) return { grade: 'fail', code: dropped, evidence: evidenceOf(found, `no Domain, or one that holds ${host}`) }
      if (cookie.partitioned && !cookie.secure)
        return { grade: 'fail', code: 'cookies.scope.partitioned-insecure', evidence: evidenceOf(found, 'Secure beside Partitioned') }
      if (cookie.path === undefined && cookie.ignored.some((one) => one.startsWith('Path:')))
        return { grade: 'warn', code: 'cookies.scope.path-ignored', evidence: evidenceOf(found, 'a Path with a slash'), severity: 'low' }
      if (found.expiry.kind === 'deletion') return undefined
      const wanted = found.declared.some((entry) => entry.domain?.replaceAll('{domain}', target.domain).replace(/^\./, '').toLowerCase() === cookie.domain)
      if (scope === 'parent' && found.role === 'session' && !wanted)
        return { grade: 'warn', code: 'cookies.scope.wide', evidence: evidenceOf(found, 'no Domain') }
      return { grade: 'pass', evidence: evidenceOf(found, wanted ? 'the declared Domain' : 'no Domain wider than needed') }
    }),
  reproduce: curl,
  covers: ['B24', 'E4'],
})
