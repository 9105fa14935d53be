import { defineCheck } from '../../helpers/check.ts'
import { withoutTags } from '../../helpers/grammar/linear.ts'
import { mailLinkOpened } from '../../helpers/probes/mail-link.ts'
import { type Finding, skip, worst } from '../../helpers/verdict.ts'
import { deliveryOf, eachDelivery, letterLine, linkOf, nothingArrived, seenIn } from './delivery.ts'

export default defineCheck({
  id: 'mail/link-expiry',
  title: 'The link of the mail expires, and says so',
  failureTitle: 'The link of the mail does not expire as declared',
  why: 'A reset link that is good for ever is a key lying in a mailbox; one whose end is not told surprises people.',
  source: 'OWASP Forgot Password Cheat Sheet (tokens expire after an appropriate period); RFC 7519 §4.1.4 (exp); as declared',
  severity: 'medium',
  clockSensitive: true,
  codes: {
    'mail.link.expires-late': { meaning: 'Its value is valid for longer than declared.', fix: 'Shorten the validity of the token.' },
    'mail.link.expired': { meaning: 'Its value had expired when it came.', fix: 'Look at the clocks of the servers and at the zone of the expiry.' },
    'mail.link.expiry-unsaid': {
      meaning: 'The letter does not say when it expires, as declared.',
      fix: 'Say it in the template, and keep it equal to the setting.',
    },
  },
  options: { toleranceSeconds: 120 },
  subjects: eachDelivery(({ expect }) => expect?.link?.expires !== undefined),
  unless: { skip: 'not-declared', reason: 'no delivery declares when its link expires (mail.delivery.expect.link.expires)' },
  needs: (subject) => ({ link: mailLinkOpened(deliveryOf(subject), linkOf(subject)) }),
  judge: ({ link }, { subject, options }) => {
    const { delivery } = link
    const [mail] = delivery.mails
    if (mail === undefined) return nothingArrived(delivery)
    const { withinHours, says } = linkOf(subject).expires ?? {}
    const at = seenIn(delivery, mail)
    const findings: Finding[] = []
    if (says !== undefined) {
      const text = `${mail.content.text ?? ''} ${withoutTags(mail.content.html ?? '', ' ')}`.replace(/\s+/g, ' ').toLowerCase()
      const told = text.includes(says.replace(/\s+/g, ' ').toLowerCase())
      findings.push({
        grade: told ? 'pass' : 'fail',
        ...(told ? {} : { code: 'mail.link.expiry-unsaid' }),
        evidence: { what: 'what the letter says', expected: JSON.stringify(says), received: told ? 'it does' : 'it does not', ...at },
      })
    }
    if (withinHours !== undefined && link.expiresAt !== undefined) {
      const hours = (link.expiresAt * 1000 - Date.parse(delivery.triggeredAt)) / 3_600_000
      const late = !(hours <= withinHours + options.toleranceSeconds / 3600)
      const expired = hours <= 0
      findings.push({
        grade: late || expired ? 'fail' : 'pass',
        ...(expired ? { code: 'mail.link.expired' } : late ? { code: 'mail.link.expires-late' } : {}),
        evidence: { what: 'validity of its value (exp)', expected: `at most ${withinHours} h`, received: `${hours.toFixed(2)} h`, ...at },
      })
    }
    if (findings.length === 0)
      return skip('not-applicable', 'its value does not say when it expires, and waiting for it takes too long', {
        what: 'value of the link',
        expected: 'a JWT with exp',
        received: link.shown ?? 'no link',
        ...at,
      })
    return worst(findings)
  },
  reproduce: letterLine('the middle part of the value of its link, Base64: exp'),
})
