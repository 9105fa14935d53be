import { defineCheck } from '../../helpers/check.ts'
import { valuesOf } from '../../helpers/grammar/mail-fields.ts'
import { mailDelivery } from '../../helpers/probes/mail-delivery.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { deliveryOf, eachDelivery, leadsInside, letterLine, noDelivery, nothingArrived, seenIn } from './delivery.ts'

const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1).toLowerCase()

export default defineCheck({
  id: 'mail/message-sender',
  title: 'Mail says whom it is from, as declared',
  failureTitle: 'Mail says something else of whom it is from',
  why: 'From decides what people believe and what DMARC judges; bounces go to the envelope sender and answers to Reply-To: a wrong one loses them.',
  source: 'RFC 5322 §3.6.2 (one From; Reply-To), §3.6.3; RFC 5321 §4.4 (Return-Path); as declared in mail.delivery.expect',
  severity: 'high',
  covers: ['A70'],
  codes: {
    'mail.sender.from': { meaning: 'From is not the declared address.', fix: 'Set the sender of this mail (EMAIL_FROM, "from email" of the newsletter).' },
    'mail.sender.from-count': { meaning: 'There is not exactly one From with one address.', fix: 'Send one From: several are forged or refused by receivers.' },
    'mail.sender.placeholder': {
      meaning: 'An address is of a made-up domain or of the machine itself.',
      fix: 'Set sender addresses to the domain that people know.',
    },
    'mail.sender.envelope': {
      meaning: 'The envelope sender is of another domain than declared: bounces go elsewhere, SPF is judged for another domain.',
      fix: 'Set the bounce address (Return-Path) of the sender.',
    },
    'mail.sender.reply-to': { meaning: 'Reply-To is not as declared.', fix: 'Set Reply-To to an address that somebody reads, or leave it out.' },
    'mail.sender.null': { meaning: 'The envelope sender is empty: nobody learns of bounces.', fix: 'Give the sender a bounce address.' },
  },
  options: {},
  subjects: eachDelivery(),
  unless: noDelivery,
  needs: (subject) => ({ mail: mailDelivery(deliveryOf(subject)) }),
  judge: ({ mail }, { subject, target }) => {
    const [first] = mail.mails
    if (first === undefined) return nothingArrived(mail)
    const { expect = {} } = deliveryOf(subject)
    const { content, envelope } = first
    const at = seenIn(mail, first)
    const findings: Finding[] = []
    const add = (what: string, expected: string, received: string, code?: string): void =>
      void findings.push({
        grade: code === undefined ? 'pass' : 'fail',
        ...(code === undefined ? {} : { code }),
        evidence: { what, expected, received, ...at },
      })
    const shown = content.from.map(({ name, address }) => (name === '' ? address : `${name} <${address}>`)).join(', ') || '(none)'
    const fields = valuesOf(content.fields, 'from').length
    if (fields !== 1 || content.from.length !== 1) add('From', 'one field with one address', `${fields} fields: ${shown}`, 'mail.sender.from-count')
    const from = content.from[0]?.address ?? ''
    if (expect.from !== undefined && from !== expect.from.toLowerCase()) add('From', expect.from, shown, 'mail.sender.from')
    else if (from !== '') {
      const made = leadsInside(domainOf(from), target) || /^(?:example\.(?:com|org|net)|yourdomain\.|changeme)/.test(domainOf(from))
      const own = domainOf(from) === target.domain || domainOf(from).endsWith(`.${target.domain}`)
      // The declared address is meant, whatever its domain.
      if (made && !own && expect.from === undefined) add('From', 'an address of a domain that people know', shown, 'mail.sender.placeholder')
      else add('From', expect.from ?? 'an address', shown)
    }
    if (expect.replyTo !== undefined || content.replyTo.length > 0) {
      const replies = content.replyTo.map(({ address }) => address)
      const wrong =
        expect.replyTo === undefined
          ? replies.some((one) => leadsInside(domainOf(one), target))
          : replies.length !== 1 || replies[0] !== expect.replyTo.toLowerCase()
      add('Reply-To', expect.replyTo ?? 'an address that can be answered', replies.join(', ') || '(none)', wrong ? 'mail.sender.reply-to' : undefined)
    }
    const bounces = envelope?.from ?? content.returnPath
    if (bounces !== undefined) {
      const domain = domainOf(bounces)
      if (bounces === '')
        findings.push({
          grade: 'warn',
          code: 'mail.sender.null',
          severity: 'low',
          evidence: { what: 'envelope sender', expected: 'an address for bounces', received: '<>', ...at },
        })
      else if (expect.envelopeFrom !== undefined && domain !== expect.envelopeFrom.toLowerCase())
        add('envelope sender', `an address of ${expect.envelopeFrom}`, bounces, 'mail.sender.envelope')
      else if (leadsInside(domain, target)) add('envelope sender', 'an address that bounces can go to', bounces, 'mail.sender.placeholder')
      else add('envelope sender', expect.envelopeFrom === undefined ? 'an address that bounces can go to' : `an address of ${expect.envelopeFrom}`, bounces)
    }
    return worst(findings)
  },
  reproduce: letterLine('From, Reply-To, Return-Path'),
})
