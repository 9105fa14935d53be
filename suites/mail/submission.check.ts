import { defineCheck } from '../../helpers/check.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { eachSubmission, endText, line, lookAt, noSubmission, opensslMail, placeOf, replyText } from './servers.ts'

export default defineCheck({
  id: 'mail/submission',
  title: 'Programs can sign in to hand over mail',
  failureTitle: 'Nobody can sign in to hand over mail',
  why: 'Without AUTH inside TLS the application has no way to send: password resets are queued for ever.',
  source: 'RFC 6409 §4.3; RFC 8314 §3.3; RFC 4954 §3',
  severity: 'medium',
  codes: {
    'mail.submission.no-auth': {
      meaning: 'Inside TLS no AUTH is offered.',
      fix: 'Switch it on for this port (Postfix: smtpd_sasl_auth_enable = yes), and see whether the authentication service runs.',
    },
    'mail.submission.no-tls': { meaning: 'There is no TLS in which to sign in.', fix: 'Repair TLS first (mail/submission-starttls, mail/submission-tls).' },
    'mail.submission.refused': {
      meaning: 'The server turns clients away before they can sign in.',
      fix: 'Look at its log: blocklists and checks of client names belong to port 25.',
    },
  },
  options: {},
  subjects: eachSubmission(),
  unless: noSubmission,
  needs: (subject) => ({ look: lookAt(subject) }),
  judge: ({ look }, { subject }) => {
    const inside = look.place.mode === 'tls' ? look.extensions : look.secureExtensions
    const say = (received: string) => line(look, `signing in at ${subject.name}`, 'AUTH offered inside TLS', received)
    const refusal = [look.greeting, look.ehlo, look.secureEhlo].find((reply) => reply !== undefined && reply.code >= 400)
    if (refusal !== undefined)
      return refusal.code < 500
        ? inconclusive('unobserved', replyText(refusal), say(replyText(refusal)))
        : fail('mail.submission.refused', say(replyText(refusal)))
    if (
      look.extensions !== undefined &&
      look.tls === undefined &&
      (!look.extensions.keywords.includes('STARTTLS') || (look.startTls !== undefined && look.startTls.code !== 220))
    )
      return fail('mail.submission.no-tls', say(look.startTls === undefined ? `offered: ${look.extensions.keywords.join(', ')}` : replyText(look.startTls)))
    if (inside === undefined) return inconclusive('unobserved', endText(look.ended), say(endText(look.ended)))
    return inside.auth === undefined
      ? fail('mail.submission.no-auth', say(`offered: ${inside.keywords.join(', ') || 'nothing'}`))
      : pass(say(`AUTH ${inside.auth.join(' ')}`))
  },
  reproduce: (subject, target) => opensslMail(target, placeOf(subject)),
  covers: ['A72'],
})
