import { defineCheck } from '../../helpers/check.ts'
import { messageIdDomain, readDate, valuesOf } from '../../helpers/grammar/mail-fields.ts'
import { mailDelivery } from '../../helpers/probes/mail-delivery.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { deliveryOf, eachDelivery, leadsInside, letterLine, noDelivery, nothingArrived, seenIn } from './delivery.ts'

const ONCE = ['date', 'from', 'sender', 'reply-to', 'to', 'cc', 'message-id', 'in-reply-to', 'references', 'subject', 'mime-version', 'content-type']

export default defineCheck({
  id: 'mail/message-fields',
  title: 'Date, Message-ID and the other fields are sound',
  failureTitle: 'Date, Message-ID or other fields are not sound',
  why: 'Filters count missing and doubled fields as signs of junk, and large receivers refuse what RFC 5322 forbids.',
  source: 'RFC 5322 §3.6 (how often each field may stand there), §3.6.1 (Date), §3.6.4 (Message-ID)',
  severity: 'medium',
  covers: ['A70'],
  codes: {
    'mail.fields.date': {
      meaning: 'Date is missing, is no date, or is far from when it was sent.',
      fix: 'Let the mail library write Date, and keep the clock of the sender right (NTP).',
    },
    'mail.fields.message-id': { meaning: 'Message-ID is missing or malformed.', fix: 'Let the mail library write it.' },
    'mail.fields.message-id-local': {
      meaning: 'Message-ID is of the machine itself (localhost, a container).',
      fix: 'Set the host name that the mail library uses to one of the domain.',
    },
    'mail.fields.twice': {
      meaning: 'A field stands there twice that may stand there once.',
      fix: 'Look at what adds it a second time; receivers choose either, or refuse the letter.',
    },
    'mail.fields.mime': { meaning: 'It has parts or a charset without MIME-Version.', fix: 'Let a library make the message.' },
  },
  options: { secondsAskew: 300 },
  clockSensitive: true,
  subjects: eachDelivery(),
  unless: noDelivery,
  needs: (subject) => ({ mail: mailDelivery(deliveryOf(subject)) }),
  judge: ({ mail }, { options, target }) => {
    const [first] = mail.mails
    if (first === undefined) return nothingArrived(mail)
    const { fields, date, messageId } = first.content
    const at = seenIn(mail, first)
    const findings: Finding[] = []
    const add = (what: string, expected: string, received: string, code?: string, grade: 'warn' | 'fail' = 'fail'): void =>
      void findings.push({ grade: code === undefined ? 'pass' : grade, ...(code === undefined ? {} : { code }), evidence: { what, expected, received, ...at } })
    const askew = (readDate(date ?? '') - Date.parse(mail.triggeredAt)) / 1000
    add(
      'Date',
      `within ${options.secondsAskew} s of when it was sent`,
      date === undefined ? '(none)' : Number.isNaN(askew) ? `${date.slice(0, 100)}, which is no date` : `${date}, ${Math.round(askew)} s off`,
      Math.abs(askew) <= options.secondsAskew + mail.withinMs / 1000 ? undefined : 'mail.fields.date',
    )
    const right = messageId === undefined ? undefined : messageIdDomain(messageId)
    const local = right !== undefined && leadsInside(right, target)
    add(
      'Message-ID',
      '<something@a name of the domain>',
      messageId?.slice(0, 200) ?? '(none)',
      right === undefined ? 'mail.fields.message-id' : local ? 'mail.fields.message-id-local' : undefined,
      local ? 'warn' : 'fail',
    )
    const names = fields.map(({ name }) => name.toLowerCase())
    const twice = ONCE.filter((name) => names.filter((one) => one === name).length > 1)
    add(
      'fields that stand there once',
      'each at most once',
      twice.length === 0 ? 'so it is' : `${twice.join(', ')} several times`,
      twice.length === 0 ? undefined : 'mail.fields.twice',
    )
    const mime = valuesOf(fields, 'content-type').length === 0 || /^1\.0\b/.test(valuesOf(fields, 'mime-version')[0] ?? '')
    add('MIME-Version', '1.0 where there is a Content-Type', valuesOf(fields, 'mime-version')[0] ?? '(none)', mime ? undefined : 'mail.fields.mime', 'warn')
    return worst(findings)
  },
  reproduce: letterLine('Date, Message-ID, doubled fields'),
})
