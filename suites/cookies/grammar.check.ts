import { defineCheck } from '../../helpers/check.ts'
import { parseSetCookie } from '../../helpers/grammar/set-cookie.ts'
import { headerValues } from '../../helpers/headers.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { conclude, curl, everyHost, evidenceOf, looks, noHosts } from './shared.ts'

/** Three of RFC 6265's own octets that break readers of the Cookie header, though browsers keep them (§4.1.1 cookie-octet). */
const ODD = /[",\\]/

export default defineCheck({
  id: 'cookies/grammar',
  title: 'Set-Cookie is written so that every browser reads the same',
  failureTitle: 'Set-Cookie is written so that browsers ignore some of it',
  why: 'What a browser cannot read it leaves out without a word: the flag that was meant is not there.',
  source: 'RFC 6265bis §4.1.1 (what servers should send), §5.6 (what browsers do)',
  severity: 'low',
  codes: {
    'cookies.grammar.unreadable': {
      meaning: 'Browsers drop a whole Set-Cookie: a control character, or neither name nor value.',
      fix: 'Encode the value (base64url, percent).',
    },
    'cookies.grammar.unknown': { meaning: 'An attribute that no browser knows.', fix: 'Correct its spelling: HttpOnly, SameSite, Secure, Max-Age.' },
    'cookies.grammar.repeated': { meaning: 'An attribute stands there twice; only the last one counts.', fix: 'Let one layer set it.' },
    'cookies.grammar.nameless': { meaning: 'A cookie without a name.', fix: 'Write name=value.' },
    'cookies.grammar.joined': {
      meaning: 'A value with a comma, quote or backslash; several cookies joined into one line look like that.',
      fix: 'Send one Set-Cookie per cookie; encode the value.',
    },
  },
  options: {},
  subjects: everyHost,
  unless: noHosts,
  needs: looks,
  judge: (seen) => {
    const findings = seen.looks.responses.flatMap((response) =>
      headerValues(response.headers, 'set-cookie').map((field): Finding => {
        const parsed = parseSetCookie(field)
        if (!parsed.ok)
          return {
            grade: 'fail',
            code: 'cookies.grammar.unreadable',
            evidence: {
              what: `cookie ${parsed.name === '' ? '(no name)' : parsed.name}`,
              expected: 'a cookie that browsers take',
              received: parsed.error,
              where: `${response.url} (${response.peer})`,
              at: response.at,
            },
          }
        const { cookie } = parsed
        const found = { cookie, seen: response }
        if (cookie.name === '') return { grade: 'warn', code: 'cookies.grammar.nameless', evidence: evidenceOf(found, 'a name') }
        // `a=1; Path=/, b=2; Path=/` in one line: the second cookie became part of an attribute.
        if (cookie.attributes.some((one) => /,\s*[^\s=,;]+=/.test(one.value ?? '') && one.name.toLowerCase() !== 'expires'))
          return { grade: 'fail', code: 'cookies.grammar.joined', evidence: evidenceOf(found, 'one cookie per Set-Cookie') }
        if (cookie.unknown.length > 0)
          return { grade: 'warn', code: 'cookies.grammar.unknown', evidence: evidenceOf(found, 'known attributes', cookie.unknown.join(', ')) }
        if (cookie.repeated.length > 0)
          return { grade: 'warn', code: 'cookies.grammar.repeated', evidence: evidenceOf(found, 'every attribute once', cookie.repeated.join(', ')) }
        const quoted = /^".*"$/.test(cookie.value) ? cookie.value.slice(1, -1) : cookie.value
        if (ODD.test(quoted))
          return { grade: 'warn', code: 'cookies.grammar.joined', evidence: evidenceOf(found, 'a value of cookie octets'), severity: 'info' }
        return { grade: 'pass', evidence: evidenceOf(found, 'name, value and known attributes') }
      }),
    )
    return conclude(findings, seen.looks)
  },
  reproduce: curl,
})
