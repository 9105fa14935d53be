import { defineCheck } from '../../helpers/check.ts'
import { fail, inconclusive, pass, skip, warn } from '../../helpers/verdict.ts'
import { eachSubmission, endText, line, lookAt, noSubmission, opensslMail, placeOf, submissionOf } from './servers.ts'

export default defineCheck({
  id: 'mail/submission-size',
  title: 'The largest message is announced and large enough',
  failureTitle: 'The largest message is too small or not announced',
  why: 'A client that is not told the limit sends all of a large mail and is refused at its end; below what the application sends, mails with attachments never leave.',
  source: 'RFC 1870 §4, §6.1; minSizeBytes of the target',
  severity: 'low',
  codes: {
    'mail.size.too-small': { meaning: 'Messages of the declared size are not taken.', fix: 'Raise the limit (Postfix: message_size_limit).' },
    'mail.size.not-announced': { meaning: 'SIZE is not offered.', fix: 'Offer it; proxies that filter EHLO sometimes take it away.' },
  },
  options: {},
  subjects: eachSubmission(),
  unless: noSubmission,
  needs: (subject) => ({ look: lookAt(subject) }),
  judge: ({ look }, { subject }) => {
    const wanted = submissionOf(subject).entry.minSizeBytes
    const inside = look.secureExtensions ?? look.extensions
    const say = (received: string) =>
      line(look, `SIZE of ${subject.name}`, wanted === undefined ? 'announced' : `≥ ${wanted} octets, or no fixed limit`, received)
    if (inside === undefined)
      return look.ended === undefined
        ? skip('not-applicable', 'the server came to no EHLO (mail/submission)')
        : inconclusive('unobserved', endText(look.ended), say(endText(look.ended)))
    const { sizeBytes } = inside
    if (sizeBytes === undefined)
      return warn('mail.size.not-announced', say(inside.keywords.includes('SIZE') ? 'SIZE with what is no number' : 'SIZE is not offered'))
    const evidence = say(sizeBytes === 0 ? 'no fixed limit' : `${sizeBytes} octets`)
    return sizeBytes === 0 || sizeBytes >= (wanted ?? 0) ? pass(evidence) : fail('mail.size.too-small', evidence, 'medium')
  },
  reproduce: (subject, target) => opensslMail(target, placeOf(subject)),
})
