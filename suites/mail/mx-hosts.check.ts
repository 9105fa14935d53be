import { defineCheck } from '../../helpers/check.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { exchangerNames } from '../../helpers/probes/mail-exchangers.ts'

import { digFor } from '../../helpers/reproduce.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { isAnswer, seenAt } from './shared.ts'
import { eachServed } from './servers.ts'

export default defineCheck({
  id: 'mail/mx-hosts',
  title: 'MX names the declared servers',
  failureTitle: 'MX does not name the declared servers',
  why: 'A forgotten server keeps taking mail that nobody reads, a missing one is no help when the first is down, a strange one reads everything.',
  source: 'RFC 5321 §5.1; mail.mx.hosts of the target',
  severity: 'high',
  codes: {
    'mail.mx.strange': { meaning: 'MX names a server that is not declared.', fix: 'Remove it from DNS, or declare it in mail.mx.hosts.' },
    'mail.mx.missing-server': { meaning: 'A declared server is missing from MX.', fix: 'Add it to DNS, or take it out of mail.mx.hosts.' },
  },
  options: {},
  subjects: (target) => (target.file.mail?.mx?.hosts === undefined ? [] : eachServed(target)),
  unless: { skip: 'not-declared', reason: 'the target does not say which servers MX must name (mail.mx.hosts)' },
  needs: ({ name }) => ({ seen: dnsQuery({ name, type: 'MX' }) }),
  judge: ({ seen }, { target }) => {
    const declared = (target.file.mail?.mx?.hosts ?? []).map((name) => name.toLowerCase())
    const evidence = seenAt(seen, `MX: ${declared.join(', ')}`)
    if (!isAnswer(seen)) return inconclusive('unobserved', `MX was answered with ${seen.rcode}`, evidence)
    const named = exchangerNames(seen)
    if (named.some((name) => !declared.includes(name))) return fail('mail.mx.strange', evidence)
    return declared.every((name) => named.includes(name)) ? pass(evidence) : fail('mail.mx.missing-server', evidence)
  },
  reproduce: ({ name }, target) => digFor(target, name, 'MX'),
})
