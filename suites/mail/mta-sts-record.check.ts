import { defineCheck } from '../../helpers/check.ts'
import { isMtaSts, readMtaStsRecord } from '../../helpers/grammar/mta-sts.ts'
import { attempt } from '../../helpers/probe.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { mtaSts } from '../../helpers/probes/mail-dns.ts'
import { fail, inconclusive, pass, skip, warn } from '../../helpers/verdict.ts'
import { digTxt, eachMailDomain, isAnswer, isNullMx, noMail, seenAt, txtOf } from './shared.ts'

export default defineCheck({
  id: 'mail/mta-sts-record',
  title: 'The domain announces an MTA-STS policy',
  failureTitle: 'The MTA-STS record is faulty or missing',
  why: 'Without a policy whoever sits between two mail servers can have them speak without encryption; a faulty record is none.',
  source: 'RFC 8461 §3.1',
  severity: 'medium',
  codes: {
    'mail.mta-sts.none': { meaning: 'There is no MTA-STS record.', fix: 'Publish a policy at mta-sts.<domain>, then v=STSv1; id=1 at _mta-sts.<domain>.' },
    'mail.mta-sts.several': { meaning: 'There are several MTA-STS records: senders assume that there is none.', fix: 'Leave one.' },
    'mail.mta-sts.malformed': {
      meaning: 'The record cannot be read: senders assume that there is none.',
      fix: 'Write v=STSv1; id=… with 1 to 32 letters and digits.',
    },
  },
  options: {},
  subjects: eachMailDomain,
  unless: noMail,
  needs: ({ name }) => ({ sts: mtaSts(name), mx: attempt(dnsQuery({ name, type: 'MX' })) }),
  judge: ({ sts: { record }, mx }) => {
    const evidence = seenAt(record, 'one record v=STSv1; id=… (1 to 32 letters and digits)')
    if (mx.ok && isNullMx(mx.value)) return skip('not-applicable', 'the domain takes no mail (null MX)', seenAt(mx.value, 'a mail server'))
    if (!isAnswer(record)) return inconclusive('unobserved', `TXT was answered with ${record.rcode}`, evidence)
    const texts = txtOf(record)
    const records = texts.filter(isMtaSts)
    const [text] = records
    if (text === undefined) {
      const nearly = texts.filter((one) => /v\s*=\s*sts/i.test(one))
      return nearly.length > 0
        ? fail('mail.mta-sts.malformed', { ...evidence, received: nearly.map((one) => JSON.stringify(one)).join(', ') })
        : warn('mail.mta-sts.none', evidence, 'info')
    }
    if (records.length > 1) return fail('mail.mta-sts.several', evidence)
    const read = readMtaStsRecord(text)
    return read.ok ? pass(evidence) : fail('mail.mta-sts.malformed', { ...evidence, received: `${read.error}: ${text}` })
  },
  reproduce: digTxt('_mta-sts.'),
})
