import { defineCheck } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { addressesIn, dig, dnsDomain, isAnswer, lookLine, noDns, seenAt, valuesOf } from './shared.ts'

export default defineCheck({
  id: 'dns/null-mx',
  title: 'It is clear where mail for the domain goes, if anywhere',
  failureTitle: 'It is not clear where mail for the domain goes',
  why: 'Without MX records mail is tried at the web server for days before it comes back; a null MX says at once that there is none.',
  source: 'RFC 5321 §5.1 (implicit MX); RFC 7505 §3 (null MX stands alone)',
  severity: 'low',
  codes: {
    'dns.mx.implicit': {
      meaning: 'There is no MX record, so mail is delivered to the address of the domain itself.',
      fix: 'Publish MX records, or a null MX: 0 with a dot as host.',
    },
    'dns.mx.null-beside': { meaning: 'A null MX stands beside other MX records.', fix: 'Remove the null MX, or all others.' },
  },
  options: {},
  subjects: dnsDomain(),
  unless: noDns,
  needs: (_subject, target) => ({
    mx: dnsQuery({ name: target.domain, type: 'MX' }),
    a: attempt(dnsQuery({ name: target.domain, type: 'A' })),
    aaaa: attempt(dnsQuery({ name: target.domain, type: 'AAAA' })),
  }),
  judge: ({ mx, a, aaaa }) => {
    const evidence = seenAt(mx, 'mail servers, or a null MX alone')
    if (!isAnswer(mx)) return inconclusive('unobserved', `MX was answered with ${mx.rcode}`, evidence)
    const values = valuesOf(mx, 'MX')
    const none = values.filter((value) => /^\d+ ?\.?$/.test(value.trim()))
    if (none.length > 0 && values.length > none.length) return fail('dns.mx.null-beside', evidence)
    if (values.length > 0) return pass(evidence)
    if (addressesIn(a, aaaa).length > 0) return warn('dns.mx.implicit', evidence)
    if (!a.ok || !aaaa.ok) return inconclusive('unobserved', `no MX, and the addresses are unknown: ${lookLine(a)}`, evidence)
    return pass({ ...evidence, received: 'neither MX nor address: no mail is delivered' })
  },
  reproduce: dig('MX'),
})
