import { defineCheck } from '../../helpers/check.ts'
import { mailDelivery } from '../../helpers/probes/mail-delivery.ts'
import { fail, pass } from '../../helpers/verdict.ts'
import { deliveryOf, eachDelivery, letterLine, noDelivery, nothingArrived, seconds, seenIn } from './delivery.ts'

export default defineCheck({
  id: 'mail/delivery-once',
  title: 'Mail arrives exactly once',
  failureTitle: 'Mail arrives more than once',
  why: 'A queue that sends twice annoys people, spends quota and reputation, and of two reset links one is dead already.',
  source: 'RFC 5321 §6.1 (duplicates are to be kept few); requirements F-mail-3',
  severity: 'medium',
  covers: ['A69'],
  codes: {
    'mail.delivery.twice': {
      meaning: 'Several copies arrived of what was triggered once.',
      fix: 'Look for two workers on one queue, and for jobs that are tried again after they succeeded.',
    },
  },
  options: {},
  subjects: eachDelivery(),
  unless: noDelivery,
  needs: (subject) => ({ mail: mailDelivery(deliveryOf(subject)) }),
  judge: ({ mail }, { subject }) => {
    if (mail.state !== 'arrived') return nothingArrived(mail)
    const evidence = {
      what: `${subject.name}: letters to ${mail.address}`,
      expected: '1',
      received: `${mail.count}: ${mail.mails.map(({ latencyMs, content }) => `after ${seconds(latencyMs)} ${content.messageId ?? 'without Message-ID'}`).join(', ')}`,
      ...seenIn(mail),
    }
    return mail.count === 1 ? pass(evidence) : fail('mail.delivery.twice', evidence)
  },
  reproduce: letterLine('count the copies'),
})
