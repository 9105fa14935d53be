import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { eachSubmission, endText, line, lookAt, noSubmission, opensslMail, placeOf } from './servers.ts'

/** Ways in that need no password. */
const OPEN = ['ANONYMOUS']
/** Retired by their own standards or broken: RFC 6331 (DIGEST-MD5), RFC 6151 §2.3 (HMAC-MD5 for nothing new), MS-NLMP §5.1; the server must keep passwords readable for them. */
const RETIRED = ['CRAM-MD5', 'DIGEST-MD5', 'NTLM', 'GSS-SPNEGO-NTLM', 'APOP', 'KERBEROS_V4']
/** Every mail library knows one of these. */
const USUAL = ['PLAIN', 'LOGIN']

export default defineCheck({
  id: 'mail/submission-mechanisms',
  title: 'The ways to sign in are safe and usual',
  failureTitle: 'A way to sign in is unsafe, or no library knows it',
  why: 'Old mechanisms leak what passwords are guessed from, and force the server to keep them readable; without a usual one the application cannot sign in.',
  source: 'RFC 4954 §4; RFC 6331; RFC 4505 (ANONYMOUS)',
  severity: 'medium',
  codes: {
    'mail.mechanism.anonymous': {
      meaning: 'AUTH ANONYMOUS is offered: anybody may send.',
      fix: 'Take it away (Postfix: smtpd_sasl_security_options = noanonymous).',
    },
    'mail.mechanism.retired': {
      meaning: 'A mechanism is offered that was retired: CRAM-MD5, DIGEST-MD5, NTLM.',
      fix: 'Offer PLAIN and LOGIN inside TLS, SCRAM or OAUTHBEARER where clients know them.',
    },
    'mail.mechanism.unusual': {
      meaning: 'Neither PLAIN nor LOGIN is offered.',
      fix: 'Offer PLAIN inside TLS, unless every client of yours uses something else.',
    },
  },
  options: {},
  subjects: eachSubmission(),
  unless: noSubmission,
  needs: (subject) => ({ look: lookAt(subject) }),
  judge: ({ look }, { subject }) => {
    const inside = look.place.mode === 'tls' ? look.extensions : look.secureExtensions
    const say = (received: string) => line(look, `mechanisms of ${subject.name}`, 'PLAIN or LOGIN inside TLS, none that is retired', received)
    if (inside === undefined)
      return look.ended === undefined
        ? skip('not-applicable', 'there is no TLS to sign in inside (mail/submission)')
        : inconclusive('unobserved', endText(look.ended), say(endText(look.ended)))
    const { auth } = inside
    if (auth === undefined) return skip('not-applicable', 'no AUTH is offered (mail/submission)', say(inside.keywords.join(', ')))
    const evidence = say(auth.join(' ') || 'AUTH without any mechanism')
    const findings: Finding[] = []
    if (auth.some((one) => OPEN.includes(one))) findings.push({ grade: 'fail', code: 'mail.mechanism.anonymous', evidence, severity: 'critical' })
    if (auth.some((one) => RETIRED.includes(one))) findings.push({ grade: 'warn', code: 'mail.mechanism.retired', evidence })
    if (!auth.some((one) => USUAL.includes(one))) findings.push({ grade: 'warn', code: 'mail.mechanism.unusual', evidence })
    return worst(findings.length > 0 ? findings : [{ grade: 'pass', evidence }])
  },
  reproduce: (subject, target) => opensslMail(target, placeOf(subject)),
})
