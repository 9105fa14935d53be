import { defineCheck } from '../../helpers/check.ts'
import { withoutTags } from '../../helpers/grammar/linear.ts'
import { mailDelivery } from '../../helpers/probes/mail-delivery.ts'
import { maskedText } from '../../helpers/probes/mail-link.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { deliveryOf, eachDelivery, letterLine, noDelivery, nothingArrived, seenIn } from './delivery.ts'
import { withoutElements } from './markup.ts'

const words = (html: string): string =>
  withoutTags(withoutElements(html, 'style', 'script', 'head'), ' ')
    .replace(/&nbsp;|&#160;/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()

export default defineCheck({
  id: 'mail/message-content',
  title: 'Mail reads as declared',
  failureTitle: 'Mail does not read as declared',
  why: 'An empty part, broken letters or a missing text make a letter that came useless, and nobody of those who wrote it ever sees it.',
  source: 'RFC 5322, RFC 2045-2047, RFC 2046 §5.1.4 (alternatives say the same); as declared in mail.delivery.expect',
  severity: 'high',
  covers: ['A69', 'A70'],
  codes: {
    'mail.content.subject': { meaning: 'The subject is not as declared.', fix: 'Look at the template that is used for this mail.' },
    'mail.content.no-subject': { meaning: 'There is no subject.', fix: 'Give the template a subject.' },
    'mail.content.missing': { meaning: 'A declared text is not in the body.', fix: 'Look at the template that is used for this mail.' },
    'mail.content.empty': {
      meaning: 'The body, or one of its alternatives, is empty.',
      fix: 'Render both alternatives from the same data, and look at what the template was given.',
    },
    'mail.content.no-html': { meaning: 'The declared HTML part is missing.', fix: 'Send multipart/alternative with text and HTML.' },
    'mail.content.form': {
      meaning: 'Its form is broken: fields, parts or letters.',
      fix: 'Let a library make the message, in UTF-8 throughout; look at the data where text is broken before it is sent.',
    },
    'mail.content.attachments': { meaning: 'It has other files than declared.', fix: 'Look at what the template attaches.' },
  },
  options: {},
  subjects: eachDelivery(),
  unless: noDelivery,
  needs: (subject) => ({ mail: mailDelivery(deliveryOf(subject)) }),
  judge: ({ mail }, { subject }) => {
    const [first] = mail.mails
    if (first === undefined) return nothingArrived(mail)
    const { expect = {} } = deliveryOf(subject)
    const { content } = first
    const at = seenIn(mail, first)
    const findings: Finding[] = []
    const add = (what: string, expected: string, received: string, code?: string): void =>
      void findings.push({
        grade: code === undefined ? 'pass' : 'fail',
        ...(code === undefined ? {} : { code }),
        evidence: { what, expected, received: maskedText(received).slice(0, 600), ...at },
      })
    for (const fault of content.faults.slice(0, 10)) add('form', 'a message that reads', fault, 'mail.content.form')
    if (expect.subject !== undefined)
      add(
        'subject',
        `contains ${JSON.stringify(expect.subject)}`,
        content.subject,
        content.subject.toLowerCase().includes(expect.subject.toLowerCase()) ? undefined : 'mail.content.subject',
      )
    else add('subject', 'one', content.subject || '(none)', content.subject.trim() === '' ? 'mail.content.no-subject' : undefined)
    const text = content.text?.trim() ?? ''
    const shown = words(content.html ?? '')
    const empty = [
      ...(content.text !== undefined && text === '' ? ['text'] : []),
      ...(content.html !== undefined && shown === '' && !/<img\b/i.test(content.html) ? ['HTML'] : []),
    ]
    if (text === '' && shown === '') add('body', 'a text', 'nothing', 'mail.content.empty')
    else if (empty.length > 0 && content.html !== undefined)
      add('body', 'alternatives that say the same', `the ${empty.join(' and the ')} part is empty`, 'mail.content.empty')
    else add('body', 'a text', `${text.length} characters of text${content.html === undefined ? '' : `, ${shown.length} of HTML`}`)
    const flat = `${text.replace(/\s+/g, ' ')}\n${shown}`.toLowerCase()
    for (const part of expect.contains ?? [])
      add(
        'body',
        `contains ${JSON.stringify(part)}`,
        flat.includes(part.replace(/\s+/g, ' ').toLowerCase()) ? 'it does' : (text || shown).slice(0, 200),
        flat.includes(part.replace(/\s+/g, ' ').toLowerCase()) ? undefined : 'mail.content.missing',
      )
    if (expect.html === true)
      add('HTML part', 'one', content.html === undefined ? 'none' : 'one', content.html === undefined ? 'mail.content.no-html' : undefined)
    const files = content.attachments.map(({ name, type, bytes }) => `${name || '(unnamed)'} (${type}, ${bytes} bytes)`).join(', ') || 'none'
    if (Array.isArray(expect.attachments)) {
      const names = expect.attachments as readonly string[]
      const wrong = names.some((name) => !content.attachments.some((one) => one.name === name)) || content.attachments.some((one) => !names.includes(one.name))
      add('files', names.join(', '), files, wrong ? 'mail.content.attachments' : undefined)
    } else add('files', 'none', files, content.attachments.length > 0 ? 'mail.content.attachments' : undefined)
    return worst(findings)
  },
  reproduce: letterLine('subject, text and HTML'),
})
