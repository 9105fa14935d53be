import { defineCheck } from '../../helpers/check.ts'
import { isAddress, isLoopback, isPrivateAddress } from '../../helpers/grammar/address.ts'
import { attempt } from '../../helpers/probe.ts'
import { dmarcWalk } from '../../helpers/probes/dmarc.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { recordTargets } from '../../helpers/probes/dns-zone.ts'
import { spfTree } from '../../helpers/probes/spf.ts'
import { digFor } from '../../helpers/reproduce.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import {
  eachMailDomain,
  effectivePolicy,
  exchangesOf,
  finalAll,
  isAnswer,
  isAnswered,
  isNullMx,
  lookLine,
  noMail,
  rootOf,
  seenAt,
  sendersOf,
  spfEvidence,
  walkEvidence,
} from './shared.ts'

export default defineCheck({
  id: 'mail/mx',
  title: 'Mail for the domain finds its server, or is refused at once',
  failureTitle: 'Mail for the domain does not find its server',
  why: 'Replies and bounces go there. A name that is missing, private or no name at all loses them, often days later.',
  source: 'RFC 5321 §5.1; RFC 2181 §10.3 (no alias); RFC 7505 (null MX: no mail, so nobody may send any either)',
  severity: 'high',
  codes: {
    'mail.mx.none': {
      meaning: 'The domain has neither an MX record nor an address: nothing can be delivered.',
      fix: 'Publish MX records, or a null MX (0 .).',
    },
    'mail.mx.implicit': {
      meaning: 'There is no MX record; mail is tried at the address of the domain itself.',
      fix: 'Publish MX records, or a null MX (0 .).',
    },
    'mail.mx.missing': { meaning: 'The name in an MX record does not exist or has no address.', fix: 'Remove the record, or create the name.' },
    'mail.mx.alias': { meaning: 'The name in an MX record is a CNAME.', fix: 'Name the host itself: many servers do not follow the alias.' },
    'mail.mx.literal': { meaning: 'An MX record holds an address instead of a name.', fix: 'Give the mail server a name, and put that into the record.' },
    'mail.mx.private': { meaning: 'A mail server has no address but private ones.', fix: 'Publish the address that the world reaches.' },
    'mail.mx.null-beside': { meaning: 'A null MX stands beside other MX records.', fix: 'Remove the null MX, or all others.' },
    'mail.mx.null-open': {
      meaning: 'The domain says that it has no mail (null MX), but anybody may send in its name.',
      fix: 'Publish v=spf1 -all and a DMARC record with p=reject.',
    },
    'mail.mx.null-sends': {
      meaning: 'The domain takes no mail (null MX), but a declared sender uses it, so that no reply and no bounce arrives.',
      fix: 'Name a mail server, or send in the name of another domain.',
    },
  },
  options: {},
  subjects: eachMailDomain,
  unless: noMail,
  needs: ({ name }) => ({
    mx: recordTargets(name, 'MX'),
    a: attempt(dnsQuery({ name, type: 'A' })),
    aaaa: attempt(dnsQuery({ name, type: 'AAAA' })),
    spf: spfTree(name),
    dmarc: dmarcWalk(name),
  }),
  judge: ({ mx: { records, targets }, a, aaaa, spf, dmarc }, { subject, target }) => {
    const evidence = seenAt(records, 'mail servers with public addresses, or a null MX alone')
    if (!isAnswer(records)) return inconclusive('unobserved', `MX was answered with ${records.rcode}`, evidence)
    const hosts = exchangesOf(records)
    if (isNullMx(records)) {
      if (sendersOf(target).some(({ from, mailFrom }) => from === subject.name || mailFrom === subject.name))
        return worst([{ grade: 'fail', code: 'mail.mx.null-sends', evidence }])
      const closed = finalAll(spf)
      const noSender = closed.end === 'all' && closed.qualifier === '-'
      const rejects = effectivePolicy(dmarc)?.applied === 'reject'
      if (!noSender && rootOf(spf).state === 'error') return inconclusive('unobserved', 'null MX, and its SPF is unknown', [evidence, spfEvidence(spf, '-all')])
      if (!rejects && dmarc.unanswered.length > 0)
        return inconclusive('unobserved', 'null MX, and its DMARC is unknown', [evidence, walkEvidence(dmarc, 'p=reject')])
      return worst([
        { grade: 'pass', evidence },
        noSender
          ? { grade: 'pass', evidence: spfEvidence(spf, '-all') }
          : { grade: 'fail', code: 'mail.mx.null-open', evidence: spfEvidence(spf, '-all'), severity: 'medium' },
        rejects
          ? { grade: 'pass', evidence: walkEvidence(dmarc, 'p=reject') }
          : { grade: 'fail', code: 'mail.mx.null-open', evidence: walkEvidence(dmarc, 'p=reject'), severity: 'medium' },
      ])
    }
    if (hosts.length === 0) {
      const own = [a, aaaa].some((seen) => seen.ok && !seen.value.noData && seen.value.rcode === 'NOERROR')
      if (own) return worst([{ grade: 'warn', code: 'mail.mx.implicit', evidence }])
      if (!isAnswered(a) || !isAnswered(aaaa))
        return inconclusive('unobserved', `no MX, and the addresses are unknown: A ${lookLine(a)}; AAAA ${lookLine(aaaa)}`, evidence)
      return worst([{ grade: 'fail', code: 'mail.mx.none', evidence }])
    }
    const findings: Finding[] = []
    const unknown: string[] = []
    if (hosts.includes('.')) findings.push({ grade: 'fail', code: 'mail.mx.null-beside', evidence })
    for (const server of targets) {
      const line = {
        what: `mail server ${server.name}`,
        expected: 'a name, no alias, with a public address',
        received: `A ${lookLine(server.a)}; AAAA ${lookLine(server.aaaa)}`,
      }
      const answers = [server.a, server.aaaa].flatMap((seen) => (seen.ok ? seen.value.answers : []))
      const addresses = answers.filter(({ type }) => type === 'A' || type === 'AAAA').map(({ value }) => value)
      if (isAddress(server.name)) findings.push({ grade: 'fail', code: 'mail.mx.literal', evidence: { ...line, received: `the address ${server.name}` } })
      else if (addresses.length === 0) {
        if (isAnswered(server.a) && isAnswered(server.aaaa)) findings.push({ grade: 'fail', code: 'mail.mx.missing', evidence: line })
        else unknown.push(`${server.name}: ${line.received}`)
      } else if (addresses.every((address) => isPrivateAddress(address) || isLoopback(address)))
        findings.push({ grade: 'fail', code: 'mail.mx.private', evidence: line })
      else if (answers.some(({ type, name }) => type === 'CNAME' && name === server.name))
        findings.push({ grade: 'warn', code: 'mail.mx.alias', evidence: line })
      else findings.push({ grade: 'pass', evidence: line })
    }
    if (unknown.length > 0 && !findings.some(({ grade }) => grade === 'fail'))
      return inconclusive(
        'unobserved',
        unknown.join('; '),
        findings.map((one) => one.evidence),
      )
    return worst(findings)
  },
  reproduce: (subject, target) => digFor(target, subject.name, 'MX'),
})
