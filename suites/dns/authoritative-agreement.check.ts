import { defineCheck, hostOf } from '../../helpers/check.ts'
import { authoritativeAnswers, type ServerAnswer } from '../../helpers/probes/dns-zone.ts'
import { fail, inconclusive, pass, type Evidence } from '../../helpers/verdict.ts'
import { answered, answerLine, digServers, dnsHosts, isAnswer, noDns, recordSet, usesDns, within } from './shared.ts'

const evidenceOf = (all: readonly ServerAnswer[], expected: string): readonly Evidence[] =>
  all.flatMap(({ name, server, seen }) =>
    seen.ok
      ? [{ what: `${seen.value.name} ${seen.value.type} at ${name}`, expected, received: answerLine(seen.value), where: `@${server}`, at: seen.value.at }]
      : [],
  )

export default defineCheck({
  id: 'dns/authoritative-agreement',
  title: 'Every name server gives the same answer for the name',
  failureTitle: 'The name servers give different answers for the name',
  why: 'While one server still serves the old zone, some visitors go to the old place, by chance and for as long as nobody notices.',
  source: 'RFC 1034 §4.3.5 (one zone, kept the same on all its servers)',
  // A network that lets no question through to port 53 leaves this open on every host: that must not block by itself; a disagreement seen does.
  severity: 'medium',
  codes: {
    'dns.authoritative.disagree': {
      meaning: 'Two name servers of the zone answer differently for the name.',
      fix: 'Compare their serials; repair the transfer to the one that is behind, or the one that was edited by hand.',
    },
  },
  options: {},
  subjects: dnsHosts((host, target) => usesDns(target, target.domain) && (host.fqdn === target.domain || host.fqdn.endsWith(`.${target.domain}`))),
  unless: noDns,
  needs: (subject, target) => ({
    a: authoritativeAnswers(target.domain, { name: hostOf(subject).fqdn, type: 'A' }),
    aaaa: authoritativeAnswers(target.domain, { name: hostOf(subject).fqdn, type: 'AAAA' }),
  }),
  judge: ({ a, aaaa }, { target, subject }) => {
    const declared = [...(target.file.dns?.addresses ?? []), ...(target.file.edge?.addresses ?? [])]
    const evidence: Evidence[] = []
    for (const all of [a, aaaa]) {
      // Lame and silent servers are told by dns/ns-authoritative.
      const usable = answered(all).filter(({ value }) => isAnswer(value) && (value.authoritative || value.answers.length > 0))
      if (usable.length === 0) return inconclusive('unobserved', `no name server of the zone answered for ${subject.name}`)
      const seen = evidenceOf(all, 'the same at every name server')
      evidence.push(...seen)
      const sets = new Set(usable.map(({ value }) => `${value.rcode} ${recordSet(value, subject.name)}`))
      if (sets.size === 1) continue
      // Servers that choose by place or load answer differently on purpose: as declared, that is no drift.
      const chosen = usable.every(
        ({ value }) =>
          value.rcode === 'NOERROR' &&
          value.answers.some(({ name }) => name === subject.name) &&
          value.answers
            .filter(({ name }) => name === subject.name)
            .every((record) => (record.type === 'A' || record.type === 'AAAA') && within(record.value, declared)),
      )
      if (!chosen) return fail('dns.authoritative.disagree', seen, 'high')
    }
    return pass(evidence)
  },
  reproduce: digServers('A'),
})
