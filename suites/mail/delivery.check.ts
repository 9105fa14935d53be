import { defineCheck } from '../../helpers/check.ts'
import { mailDelivery } from '../../helpers/probes/mail-delivery.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { deliveryOf, eachDelivery, noDelivery, seconds, seenIn, triggerLine } from './delivery.ts'

/** What only the user's own description explains. */
const OURS: ReadonlySet<string> = new Set([
  'LOGIN_REFUSED',
  'NOT_INSTALLED',
  'NO_SECRET',
  'NO_FOLDER',
  'UNMAPPED',
  'BAD_URL',
  'EADDRINUSE',
  'EACCES',
  'EADDRNOTAVAIL',
])

export default defineCheck({
  id: 'mail/delivery',
  title: 'Mail that is triggered arrives in time',
  failureTitle: 'Mail that is triggered does not arrive in time',
  why: 'Password resets and confirmations that never come lock people out, while every page and every log says that they were sent.',
  source: 'RFC 5321 §4.5.4 (queues try again for days: arrival alone shows delivery); bound as declared, default 120 s',
  severity: 'high',
  covers: ['A68', 'A69', 'A73', 'A74', 'A75', 'A76', 'D41'],
  codes: {
    'mail.delivery.missing': {
      meaning: 'It was triggered and did not arrive while it was waited for.',
      fix: 'Look at the queue and its worker, at EMAIL_TEST_MODE and the SMTP settings, then at the bounce list of the provider.',
    },
    'mail.delivery.late': { meaning: 'It arrived, but later than declared.', fix: 'Look at the queue, at greylisting and at the rate limit of the provider.' },
    'mail.delivery.bounced': { meaning: 'A mail server sent it back.', fix: 'The reply in the evidence says why: recipient, policy, authentication, size.' },
    'mail.delivery.refused': {
      meaning: 'What should make it be sent was refused.',
      fix: 'Look at the answer: a changed path, a validation that refuses the address, an account or sender that is not allowed.',
    },
    'mail.delivery.broken': {
      meaning: 'It came and was not whole: too large, or cut off in the middle.',
      fix: 'Look at its size and at what ends the connection.',
    },
    'mail.delivery.deferred': {
      meaning: 'It was put off at first and accepted later.',
      fix: 'Nothing where it is greylisting; a limit of the sender otherwise.',
    },
  },
  options: {},
  subjects: eachDelivery(),
  unless: noDelivery,
  needs: (subject) => ({ mail: mailDelivery(deliveryOf(subject)) }),
  judge: ({ mail }, { subject }) => {
    const evidence = {
      what: `${subject.name}: mail to ${mail.address}`,
      expected: `arrives within ${seconds(mail.withinMs)}`,
      ...seenIn(mail, mail.mails[0]),
    }
    const trigger =
      mail.trigger === undefined
        ? []
        : [
            {
              what: `${mail.trigger.kind} ${mail.trigger.where}`,
              expected: 'taken',
              received: mail.trigger.reply || String(mail.trigger.code),
              where: mail.trigger.where,
              at: mail.triggeredAt,
            },
          ]
    const other = mail.others.map(({ nature, from, subject: title, excerpt }) => ({
      what: `${nature} from ${from}`,
      expected: 'none',
      received: `${title}: ${excerpt}`,
      where: mail.inbox,
    }))
    switch (mail.state) {
      case 'no-inbox': {
        const { code = '', message = '' } = mail.failure ?? {}
        return inconclusive(OURS.has(code) ? 'misused' : 'unobserved', `the inbox could not be read: ${message} (${code})`, [
          { ...evidence, received: message },
          ...trigger,
        ])
      }
      case 'untriggered': {
        const { trigger: seen, failure } = mail
        const received = failure === undefined ? (seen?.reply ?? 'no answer') : `${failure.message} (${failure.code})`
        const shown = { ...evidence, expected: 'it is made to be sent', received, where: seen?.where ?? mail.inbox }
        if (seen === undefined) return inconclusive(OURS.has(failure?.code ?? '') ? 'misused' : 'unobserved', `nothing could be triggered: ${received}`, shown)
        // A limiter, a wall or an overloaded server says nothing of mail.
        if (seen.kind === 'request' && (seen.code === 429 || seen.code === 503 || seen.code === 502 || seen.code === 504))
          return inconclusive('unobserved', `nothing could be triggered: ${received}`, shown)
        if (seen.kind === 'submission' && seen.code >= 400 && seen.code < 500)
          return fail('mail.delivery.refused', { ...shown, received: `${received}, ${seen.deferred + 1} tries` })
        return fail('mail.delivery.refused', shown)
      }
      case 'missing': {
        const received = `not there after ${seconds(mail.waitedMs)}`
        if (mail.others.some(({ nature }) => nature === 'bounce')) return fail('mail.delivery.bounced', [{ ...evidence, received }, ...other, ...trigger])
        const broken = mail.mishaps.map(({ kind, detail }) => ({ ...evidence, what: kind, received: detail }))
        if (broken.length > 0) return fail('mail.delivery.broken', [...broken, ...trigger])
        return fail('mail.delivery.missing', [{ ...evidence, received }, ...other, ...trigger])
      }
      case 'arrived': {
        const latency = mail.mails[0]?.latencyMs ?? Number.NaN
        const shown = { ...evidence, received: `arrived after ${seconds(latency)}` }
        if (!(latency <= mail.withinMs)) return fail('mail.delivery.late', [shown, ...trigger])
        const deferred = mail.trigger?.deferred ?? 0
        if (deferred > 0) return warn('mail.delivery.deferred', [{ ...shown, received: `${shown.received}, put off ${deferred} times` }, ...trigger], 'low')
        return pass([shown, ...trigger])
      }
      default:
        return mail.state satisfies never
    }
  },
  reproduce: triggerLine,
})
