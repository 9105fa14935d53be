import { defineCheck } from '../../helpers/check.ts'
import { mailTlsa } from '../../helpers/probes/mail-dns.ts'
import { digFor } from '../../helpers/reproduce.ts'
import { type Evidence, type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { eachMailDomain, exchangesOf, isAnswer, isAnswered, listed, looked, lookLine, noMail, seenAt } from './shared.ts'

const RECORD = /^(\d{1,3}) (\d{1,3}) (\d{1,3}) ((?:[0-9a-f]{2})+)$/
const DIGITS: Readonly<Record<string, number>> = { 1: 64, 2: 128 }
/** Usages 2 and 3 are for mail; 0 and 1 are treated as unusable (RFC 7672 §3.1.3). */
type Kind = 'usable' | 'other-usage' | 'malformed'
function kindOf(value: string): Kind {
  const [, usage = '', selector = '', matching = '', data = ''] = RECORD.exec(value) ?? []
  if (!/^[0-3]$/.test(usage) || !/^[01]$/.test(selector) || !/^[0-2]$/.test(matching)) return 'malformed'
  if (matching !== '0' && data.length !== DIGITS[matching]) return 'malformed'
  return usage === '2' || usage === '3' ? 'usable' : 'other-usage'
}

export default defineCheck({
  id: 'mail/dane-tlsa',
  title: 'TLSA records of the mail servers are ones that senders can use',
  failureTitle: 'TLSA records of the mail servers cannot be used',
  why: 'Senders that check DANE hold mail back where the records are broken, and ignore them where they are not signed; one record alone breaks at the next change of the key.',
  source: 'RFC 7672 §2.2 (DNSSEC), §3.1 (usages 2 and 3); RFC 7671 §8.1 (rollover)',
  severity: 'high',
  codes: {
    'mail.dane.bogus': {
      meaning: 'Validation of the TLSA records fails: senders that check DANE defer all mail.',
      fix: 'Repair the signatures of the zone, denials of existence too.',
    },
    'mail.dane.malformed': {
      meaning: 'A TLSA record cannot be read, or its data has not the length of its digest.',
      fix: 'Write usage, selector, matching type and the digest anew.',
    },
    'mail.dane.unusable': {
      meaning: 'No TLSA record of the server has usage 2 or 3, the only ones that mean anything for mail.',
      fix: 'Publish 3 1 1 or 2 1 1 records.',
    },
    'mail.dane.usage': { meaning: 'A TLSA record has usage 0 or 1, which mail servers ignore.', fix: 'Replace it by usage 2 or 3.' },
    'mail.dane.insecure': {
      meaning: 'MX, address or TLSA records are not secured by DNSSEC, so that senders ignore TLSA.',
      fix: 'Sign the zones of the domain and of the mail server.',
    },
    'mail.dane.no-rollover': {
      meaning: 'There is one TLSA record alone: mail stops between the change of the key and that of the record.',
      fix: 'Publish a second one, of the next key (3 1 1) or of the authority (2 1 1).',
    },
    'mail.dane.partial': { meaning: 'Some mail servers have TLSA records, others have none.', fix: 'Publish them for every mail server.' },
  },
  options: {},
  subjects: eachMailDomain,
  unless: noMail,
  needs: ({ name }) => ({ look: mailTlsa(name) }),
  judge: ({ look: { mx, servers } }) => {
    const record = seenAt(mx, 'mail servers with TLSA records')
    if (!isAnswer(mx)) return inconclusive('unobserved', `MX was answered with ${mx.rcode}`, record)
    if (servers.length === 0)
      return skip('not-applicable', exchangesOf(mx).join() === '.' ? 'the domain takes no mail (null MX)' : 'the domain names no mail server', record)
    const findings: Finding[] = []
    const unknown: string[] = []
    const bare: Evidence[] = []
    for (const { name, tlsa, unchecked, addresses } of servers) {
      const evidence = looked(`TLSA of ${name}`, tlsa, 'usable records (usage 2 or 3), secured by DNSSEC, two or more')
      if (!isAnswered(tlsa) || !tlsa.ok) {
        if (unchecked !== undefined && isAnswered(unchecked))
          findings.push({
            grade: 'fail',
            code: 'mail.dane.bogus',
            evidence: { ...evidence, received: `${evidence.received}; without validation ${lookLine(unchecked)}` },
          })
        else unknown.push(`${name}: ${lookLine(tlsa)}`)
        continue
      }
      const values = tlsa.value.answers.filter(({ type }) => type === 'TLSA').map(({ value }) => value)
      if (values.length === 0) {
        bare.push(evidence)
        continue
      }
      const kinds = values.map(kindOf)
      const usable = kinds.filter((kind) => kind === 'usable').length
      const secure = mx.authenticated && tlsa.value.authenticated && addresses.every((seen) => !seen.ok || seen.value.authenticated)
      const shown = {
        ...evidence,
        received: `${evidence.received}; ${secure ? 'secured by DNSSEC' : `not secured: ad of MX ${mx.authenticated ? 'yes' : 'no'}, of TLSA ${tlsa.value.authenticated ? 'yes' : 'no'}, of addresses ${addresses.map((seen) => (seen.ok && seen.value.authenticated ? 'yes' : 'no')).join(' and ')}`}`,
      }
      if (kinds.includes('malformed'))
        findings.push({
          grade: 'fail',
          code: 'mail.dane.malformed',
          evidence: { ...shown, received: listed(values.filter((value) => kindOf(value) === 'malformed')) },
        })
      else if (usable === 0) findings.push({ grade: 'fail', code: 'mail.dane.unusable', evidence: shown })
      else if (!secure) findings.push({ grade: 'warn', code: 'mail.dane.insecure', evidence: shown })
      else if (kinds.includes('other-usage')) findings.push({ grade: 'warn', code: 'mail.dane.usage', evidence: shown })
      else if (usable === 1) findings.push({ grade: 'warn', code: 'mail.dane.no-rollover', evidence: shown })
      else findings.push({ grade: 'pass', evidence: shown })
    }
    if (findings.some(({ grade }) => grade === 'fail')) return worst(findings)
    if (unknown.length > 0)
      return inconclusive(
        'unobserved',
        listed(unknown),
        findings.map((one) => one.evidence),
      )
    if (findings.length === 0) return skip('not-applicable', 'no mail server has a TLSA record', bare)
    return worst([...findings, ...bare.map((evidence): Finding => ({ grade: 'warn', code: 'mail.dane.partial', evidence }))])
  },
  reproduce: (subject, target) => {
    const mx = digFor(target, subject.name, 'MX')
    return `for mx in $(${mx} +short | awk '{print $2}'); do ${digFor(target, 'MX-NAME', 'TLSA').replace('MX-NAME', '"_25._tcp.$mx"')} +dnssec; done`
  },
})
