import { defineCheck } from '../../helpers/check.ts'
import { blocklistLook } from '../../helpers/probes/mail-exchangers.ts'
import { digFor } from '../../helpers/reproduce.ts'
import { type Evidence, inconclusive, skip, worst, type Finding } from '../../helpers/verdict.ts'
import { isAnswered, looked, lookLine, sendersOf } from './shared.ts'
import { eachServed } from './servers.ts'

/** What lists answer to those they do not serve: public resolvers, too many questions (Spamhaus and others). */
const REFUSAL = /^127\.255\.255\./
const LISTED = /^127\./

export default defineCheck({
  id: 'mail/dnsbl',
  title: 'No blocklist names the servers and senders',
  failureTitle: 'A blocklist names a server or sender',
  why: 'Receivers that use the list refuse the mail of this address. For the report only: lists err, and differ in what they are for.',
  source: 'RFC 5782 §2, §5; rules: DNSBL is information; 127.255.255.0/24 means that the question was refused',
  severity: 'info',
  codes: {
    'mail.dnsbl.listed': {
      meaning: 'An address stands on a blocklist.',
      fix: 'Look there why, repair the cause (an open relay, a stolen account), then ask to be taken off.',
    },
  },
  options: {},
  subjects: (target) => (target.file.mail?.mx?.blocklists === undefined ? [] : eachServed(target)),
  unless: { skip: 'not-declared', reason: 'the target names no blocklist to look in (mail.mx.blocklists)' },
  needs: ({ name }, target) => {
    const senders = sendersOf(target).flatMap((sender) => (sender.addresses ?? []).map((address) => ({ name: sender.name, address })))
    return { look: blocklistLook(name, target.file.mail?.mx?.blocklists ?? [], senders) }
  },
  judge: ({ look }) => {
    if (look.addresses.length === 0) return skip('not-applicable', 'no server and no sender has an address that is known')
    const values = (seen: (typeof look.tests)[number]['seen']): readonly string[] =>
      seen.ok ? seen.value.answers.filter(({ type }) => type === 'A').map(({ value }) => value) : []
    // A list that does not even name its own test entry, or refuses the question, says nothing of anybody.
    const dumb = new Set(look.tests.filter(({ seen }) => !values(seen).some((one) => LISTED.test(one) && !REFUSAL.test(one))).map(({ list }) => list))
    const findings: Finding[] = []
    const unknown: Evidence[] = []
    for (const { address, of, answers } of look.addresses) {
      for (const { list, seen } of answers) {
        const evidence = looked(`${address} (${of}) in ${list}`, seen, 'not listed (NXDOMAIN)')
        const found = values(seen)
        if (found.some((one) => LISTED.test(one) && !REFUSAL.test(one)) && !dumb.has(list))
          findings.push({ grade: 'warn', code: 'mail.dnsbl.listed', evidence })
        else if (dumb.has(list) || !isAnswered(seen) || found.length > 0) unknown.push(evidence)
        else findings.push({ grade: 'pass', evidence })
      }
    }
    if (findings.some(({ grade }) => grade === 'warn') || unknown.length === 0) return worst(findings)
    const tests = look.tests.filter(({ list }) => dumb.has(list)).map(({ list, seen }) => `${list} answers its test entry with ${lookLine(seen)}`)
    return inconclusive('unobserved', tests.join('; ') || 'a list did not answer', unknown)
  },
  reproduce: (_, target) => digFor(target, `2.0.0.127.${target.file.mail?.mx?.blocklists?.[0] ?? ''}`, 'A'),
})
