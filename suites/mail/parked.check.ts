import { defineCheck } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { dmarcWalk } from '../../helpers/probes/dmarc.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { spfTree } from '../../helpers/probes/spf.ts'
import { digFor } from '../../helpers/reproduce.ts'
import { type Finding, inconclusive, type Verdict, worst } from '../../helpers/verdict.ts'
import {
  eachParked,
  effectivePolicy,
  exchangesOf,
  isAnswer,
  isAnswered,
  isNullMx,
  listed,
  lookLine,
  rootOf,
  seenAt,
  spfEvidence,
  walkEvidence,
} from './shared.ts'

export default defineCheck({
  id: 'mail/parked',
  title: 'A domain without mail says so three times',
  failureTitle: 'A domain without mail may be used for it by anybody',
  why: 'Forgers like domains that never send: nobody there reads reports, and nothing tells receivers that every message is forged.',
  source: 'M3AAWG Protecting Parked Domains; RFC 7505 (null MX); RFC 7208 §10.1.2 (v=spf1 -all); RFC 9989 §4.7 (p=reject)',
  severity: 'medium',
  codes: {
    'mail.parked.partial': { meaning: 'Of null MX, v=spf1 -all and p=reject one or two are missing.', fix: 'Publish what the evidence names.' },
    'mail.parked.open': { meaning: 'Nothing says that the domain has no mail.', fix: 'Publish MX 0 ., TXT v=spf1 -all, and TXT v=DMARC1; p=reject at _dmarc.' },
  },
  options: {},
  subjects: eachParked,
  unless: { skip: 'not-declared', reason: 'no domain is declared to be without mail (mail.parked)' },
  needs: ({ name }) => ({
    mx: dnsQuery({ name, type: 'MX' }),
    a: attempt(dnsQuery({ name, type: 'A' })),
    aaaa: attempt(dnsQuery({ name, type: 'AAAA' })),
    spf: spfTree(name),
    dmarc: dmarcWalk(name),
  }),
  judge: ({ mx, a, aaaa, spf, dmarc }): Verdict => {
    const unknown: string[] = []
    const points: { readonly good: boolean; readonly evidence: Finding['evidence'] }[] = []
    // Where there is no address either, no mail can come, whatever MX says.
    const nowhere =
      exchangesOf(mx).length === 0 &&
      [a, aaaa].every((seen) => seen.ok && isAnswer(seen.value) && !seen.value.answers.some(({ type }) => type === seen.value.type))
    if (!isAnswer(mx)) unknown.push(`MX: ${mx.rcode}`)
    else if (exchangesOf(mx).length === 0 && !nowhere && ![a, aaaa].every(isAnswered)) unknown.push(`A ${lookLine(a)}; AAAA ${lookLine(aaaa)}`)
    points.push({ good: isNullMx(mx) || nowhere, evidence: seenAt(mx, '0 . (null MX)') })
    const root = rootOf(spf)
    if (root.state === 'error') unknown.push(`SPF: ${root.code ?? 'no answer'}`)
    const terms = root.state === 'record' && root.reading?.ok === true ? root.reading.value : undefined
    const [first, ...more] = terms?.directives ?? []
    const closed = first?.mechanism === 'all' && first.qualifier === '-' && more.length === 0
    points.push({ good: closed, evidence: spfEvidence(spf, 'v=spf1 -all') })
    const rejects = effectivePolicy(dmarc)?.applied === 'reject'
    if (!rejects && dmarc.unanswered.length > 0) unknown.push(...dmarc.unanswered)
    points.push({ good: rejects, evidence: walkEvidence(dmarc, 'p=reject') })
    if (unknown.length > 0)
      return inconclusive(
        'unobserved',
        listed(unknown),
        points.map((one) => one.evidence),
      )
    const none = points.every(({ good }) => !good)
    return worst(
      points.map(
        ({ good, evidence }): Finding =>
          good
            ? { grade: 'pass', evidence }
            : none
              ? { grade: 'fail', code: 'mail.parked.open', evidence }
              : { grade: 'warn', code: 'mail.parked.partial', evidence },
      ),
    )
  },
  reproduce: ({ name }, target) => [digFor(target, name, 'MX'), digFor(target, name, 'TXT'), digFor(target, `_dmarc.${name}`, 'TXT')].join('; '),
})
