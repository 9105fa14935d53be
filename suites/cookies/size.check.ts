import { defineCheck, hostOf } from '../../helpers/check.ts'
import { MOST_COOKIE_BYTES } from '../../helpers/grammar/set-cookie.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { conclude, cookiesOf, curl, everyHost, evidenceOf, lookedAt, looks, noHosts } from './shared.ts'

export default defineCheck({
  id: 'cookies/size',
  title: 'Cookies fit into browsers and servers',
  failureTitle: 'Cookies are too big or too many',
  why: 'Browsers drop what is above 4096 octets without a word; servers refuse requests whose Cookie header outgrows their buffers.',
  source: 'RFC 6265bis §5.6 (4096 octets), §6.1 (50 cookies); nginx large_client_header_buffers (8k)',
  severity: 'low',
  codes: {
    'cookies.size.dropped': {
      meaning: 'Name and value are longer than 4096 octets: browsers drop the cookie.',
      fix: 'Keep an identifier in it and the data on the server.',
    },
    'cookies.size.many': { meaning: 'The host sets more cookies than browsers must keep.', fix: 'Put what belongs together into one.' },
    'cookies.size.header': { meaning: 'All cookies together do not fit into a header of 8 kB.', fix: 'Keep an identifier in them and the data on the server.' },
  },
  options: { mostCookies: 50, mostHeaderBytes: 8192 },
  subjects: everyHost,
  unless: noHosts,
  needs: looks,
  judge: (seen, { subject, target, options }) => {
    const cookies = cookiesOf(seen.looks.responses, hostOf(subject), target)
    const kept = new Map(cookies.filter((one) => one.expiry.kind !== 'deletion').map((one) => [one.cookie.name, one]))
    const findings: Finding[] = cookies.map((found) => ({
      grade: found.cookie.sizeBytes <= MOST_COOKIE_BYTES ? 'pass' : 'fail',
      code: 'cookies.size.dropped',
      // A session that browsers drop is no session.
      ...(found.role === 'session' && found.cookie.sizeBytes > MOST_COOKIE_BYTES ? { severity: 'high' as const } : {}),
      evidence: evidenceOf(found, `≤ ${MOST_COOKIE_BYTES} octets of name and value`, `${found.cookie.sizeBytes} octets`),
    }))
    if (kept.size > 0) {
      const header = [...kept.values()].reduce((sum, one) => sum + one.cookie.sizeBytes + 3, 'Cookie: '.length)
      const about = lookedAt(seen.looks)
      findings.push({
        grade: kept.size <= options.mostCookies ? 'pass' : 'warn',
        code: 'cookies.size.many',
        evidence: { ...about, what: 'cookies of the host', expected: `≤ ${options.mostCookies}`, received: String(kept.size) },
      })
      findings.push({
        grade: header <= options.mostHeaderBytes ? 'pass' : 'warn',
        code: 'cookies.size.header',
        evidence: { ...about, what: 'Cookie header that comes back', expected: `≤ ${options.mostHeaderBytes} octets`, received: `${header} octets` },
      })
    }
    return conclude(findings, seen.looks)
  },
  reproduce: curl,
})
