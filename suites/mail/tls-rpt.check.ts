import { defineCheck } from '../../helpers/check.ts'
import { isMtaSts } from '../../helpers/grammar/mta-sts.ts'
import { isTlsRpt, readTlsRpt } from '../../helpers/grammar/tls-rpt.ts'
import { attempt } from '../../helpers/probe.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { mailTlsa, mtaSts } from '../../helpers/probes/mail-dns.ts'
import { fail, inconclusive, pass, skip, warn } from '../../helpers/verdict.ts'
import { digTxt, eachMailDomain, isAnswer, isNullMx, noMail, seenAt, txtOf } from './shared.ts'

export default defineCheck({
  id: 'mail/tls-rpt',
  title: 'Failures of encrypted delivery are reported',
  failureTitle: 'Failures of encrypted delivery are not reported',
  why: 'With MTA-STS or DANE a wrong certificate stops mail silently; these reports are how one hears of it.',
  source: 'RFC 8460 §3',
  severity: 'low',
  codes: {
    'mail.tls-rpt.missing': {
      meaning: 'MTA-STS or DANE is in force, and nobody gets reports of failures.',
      fix: 'Publish v=TLSRPTv1; rua=mailto:… at _smtp._tls.<domain>.',
    },
    'mail.tls-rpt.several': { meaning: 'There are several records: senders assume that there is none.', fix: 'Leave one.' },
    'mail.tls-rpt.malformed': { meaning: 'The record cannot be read.', fix: 'Write v=TLSRPTv1; rua= with mailto: or https:// places.' },
  },
  options: {},
  subjects: eachMailDomain,
  unless: noMail,
  needs: ({ name }) => ({ record: dnsQuery({ name: `_smtp._tls.${name}`, type: 'TXT' }), sts: attempt(mtaSts(name)), tlsa: attempt(mailTlsa(name)) }),
  judge: ({ record, sts, tlsa }) => {
    const evidence = seenAt(record, 'one record v=TLSRPTv1; rua=…')
    if (!isAnswer(record)) return inconclusive('unobserved', `TXT was answered with ${record.rcode}`, evidence)
    if (tlsa.ok && isNullMx(tlsa.value.mx)) return skip('not-applicable', 'the domain takes no mail (null MX)', seenAt(tlsa.value.mx, 'a mail server'))
    const texts = txtOf(record)
    const [text, ...others] = texts.filter(isTlsRpt)
    if (text === undefined) {
      if (texts.some((one) => /v\s*=\s*tlsrpt/i.test(one))) return fail('mail.tls-rpt.malformed', evidence)
      const promised = [
        ...(sts.ok && txtOf(sts.value.record).some(isMtaSts) ? ['MTA-STS'] : []),
        ...(tlsa.ok && tlsa.value.servers.some(({ tlsa: seen }) => seen.ok && seen.value.answers.some(({ type }) => type === 'TLSA')) ? ['DANE'] : []),
      ]
      if (promised.length > 0) return warn('mail.tls-rpt.missing', { ...evidence, received: `${evidence.received}, with ${promised.join(' and ')}` })
      if (!sts.ok || !tlsa.ok) return inconclusive('unobserved', 'no record, and whether MTA-STS or DANE is in force is unknown', evidence)
      return skip('not-applicable', 'neither MTA-STS nor DANE is in force, so there is nothing to report', evidence)
    }
    if (others.length > 0) return fail('mail.tls-rpt.several', evidence)
    const read = readTlsRpt(text)
    return read.ok ? pass(evidence) : fail('mail.tls-rpt.malformed', { ...evidence, received: `${read.error}: ${text}` })
  },
  reproduce: digTxt('_smtp._tls.'),
})
