import { defineCheck } from '../../helpers/check.ts'
import { reverseLook } from '../../helpers/probes/mail-dns.ts'
import { digFor } from '../../helpers/reproduce.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { eachSenderAddress, isAnswer, isAnswered, listed, looked, lookLine, seenAt, senderAddressOf } from './shared.ts'

/** Words that providers name the lines of their customers with. */
const LINE_WORDS =
  /(?:^|[.-])(?:dyn|dynamic|dhcp|a?dsl|vdsl|ppp|pppoe|pool|dial-?up|dialin|cable|client|customer|cust|unassigned|broadband|static-?ip)(?=[.\d-]|$)/
/** A name made of the address: its four numbers, in either order, between dots or dashes. */
const madeOf = (name: string, address: string): boolean => {
  const parts = address.split('.')
  return parts.length === 4 && [parts, parts.toReversed()].some((numbers) => new RegExp(`(?:^|\\D)0*${numbers.join('[.-]0*')}(?:\\D|$)`).test(name))
}

export default defineCheck({
  id: 'mail/ptr-fcrdns',
  title: 'Every sending address has a name that leads back to it',
  failureTitle: 'A sending address has no name that leads back to it',
  why: 'Large receivers refuse or mark mail from addresses without a confirmed name, over IPv6 without exception.',
  source: 'RFC 8601 §2.7.3 (iprev); RFC 1912 §2.1; RFC 5321 §4.1.4 (greeting)',
  severity: 'medium',
  codes: {
    'mail.ptr.missing': { meaning: 'The address has no PTR record.', fix: 'Have whoever owns the network set the reverse name of the mail server.' },
    'mail.ptr.no-way-back': { meaning: 'No name of the address leads back to it.', fix: 'Let PTR name the host whose A or AAAA record is this address.' },
    'mail.ptr.generic': { meaning: 'The name is one that providers give to customer lines.', fix: 'Give the address a name of its own: mail.example.com.' },
    'mail.ptr.helo': { meaning: 'The name that the sender greets with has no address.', fix: 'Let the sender greet with the name of its address.' },
  },
  options: {},
  subjects: eachSenderAddress,
  unless: { skip: 'not-declared', reason: 'no sender with addresses is declared (mail.senders)' },
  needs: (subject) => {
    const { sender, address } = senderAddressOf(subject)
    return { reverse: reverseLook(address, sender.helo) }
  },
  judge: ({ reverse: { address, pointer, names, greeting } }) => {
    const evidence = seenAt(pointer, `a name that leads back to ${address}`)
    if (!isAnswer(pointer)) return inconclusive('unobserved', `PTR was answered with ${pointer.rcode}`, evidence)
    if (names.length === 0) return fail('mail.ptr.missing', evidence)
    const ways = names.map(({ name, seen }) => looked(`${name}, named by ${address}`, seen, address))
    const confirmed = names.filter(({ leadsBack }) => leadsBack).map(({ name }) => name)
    if (confirmed.length === 0) {
      if (names.every(({ seen }) => isAnswered(seen))) return fail('mail.ptr.no-way-back', [evidence, ...ways])
      return inconclusive('unobserved', `where its names lead is unknown: ${listed(names.map(({ name, seen }) => `${name} ${lookLine(seen)}`))}`, [
        evidence,
        ...ways,
      ])
    }
    const generic = confirmed.filter((name) => LINE_WORDS.test(name) || madeOf(name, address))
    if (generic.length === confirmed.length) return warn('mail.ptr.generic', [{ ...evidence, received: listed(generic) }, ...ways])
    const all = [evidence, ...ways]
    if (greeting === undefined) return pass(all)
    const found = greeting.seen.find((seen) => seen.ok && seen.value.answers.some(({ type }) => type === seen.value.type))
    const line = { what: `greeting ${greeting.name}`, expected: 'a name with an address', received: listed(greeting.seen.map(lookLine)) }
    if (found !== undefined) return pass([...all, line])
    if (greeting.seen.every(isAnswered)) return warn('mail.ptr.helo', [line, ...all])
    return inconclusive('unobserved', `whether ${greeting.name} has an address is unknown: ${line.received}`, [line, ...all])
  },
  reproduce: (subject, target) => digFor(target, senderAddressOf(subject).address, '-x'),
})
