import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { headerValue, titleOf } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { attempt, isUnroutable } from '../../helpers/probe.ts'
import { type AtAddress, documentEveryAddress, everyAddress } from '../../helpers/probes/every-address.ts'
import { pinnedAddresses } from '../../helpers/target.ts'
import { type Evidence, type Finding, inconclusive, skip, type Verdict, worst } from '../../helpers/verdict.ts'
import { type At, weaker } from './parity.ts'
import { curlHttps, evidenceOf, noHosts, obstacle, readMarker } from './shared.ts'

/** Where an answer sends the visitor; the rest of a Location may hold what is made anew for each. */
const leadsTo = (seen: HttpObservation): string => {
  const location = headerValue(seen.headers, 'location')
  return location === undefined ? '' : URL.canParse(location, seen.url) ? new URL(location, seen.url).origin : location
}

/** Port 80 of every address: authorities that validate by HTTP-01 choose IPv6 first, and so do visitors who type the name. */
function plainFindings(all: readonly AtAddress[], name: string): readonly Finding[] {
  const answers = all.filter(({ seen }) => seen.ok && obstacle(seen.value) === undefined)
  const first = answers[0]?.seen
  if (first?.ok !== true) return []
  return all.flatMap(({ address, seen }): Finding[] => {
    const what = `http://${name}/ at ${address}`
    const expected = `${first.value.status}${leadsTo(first.value) === '' ? '' : ` to ${leadsTo(first.value)}`}, as at ${first.value.peer}`
    if (!seen.ok) {
      if (isUnroutable(seen.failure, address)) return []
      const received = `${seen.failure.phase}: ${seen.failure.message} (${seen.failure.code})`
      return [{ grade: 'warn', code: 'routing.address.plain-dead', severity: 'medium', evidence: { what, expected, received } }]
    }
    if (obstacle(seen.value) !== undefined) return []
    const alike = seen.value.status === first.value.status && leadsTo(seen.value) === leadsTo(first.value)
    const evidence = evidenceOf(seen.value, expected, undefined, what)
    return [alike ? { grade: 'pass', evidence } : { grade: 'fail', code: 'routing.address.plain-differs', evidence }]
  })
}

/** The pages behind the redirects, as far as they are the same page: a path asked for by itself may answer otherwise without what led there. */
function documentsAlike(all: readonly AtAddress[]): readonly At[] {
  const pages = all.flatMap(({ address, seen }) => (seen.ok && obstacle(seen.value) === undefined ? [{ address, seen: seen.value }] : []))
  const [first] = pages
  return pages.flatMap(({ address, seen }) =>
    seen.status === first?.seen.status && titleOf(seen) === titleOf(first.seen) ? [{ what: `${seen.url} at ${address}`, seen }] : [],
  )
}

export default defineCheck({
  id: 'routing/address-parity',
  title: 'Every address of the host answers alike',
  failureTitle: 'The addresses of the host answer differently',
  why: 'Browsers choose among the addresses: one that is dead or stale fails for some visitors only, and for no test that asks the first.',
  source: 'RFC 8305 (clients race the families); rules of the target: status and marker',
  severity: 'high',
  codes: {
    'routing.address.dead': {
      meaning: 'One address of the host does not answer.',
      fix: 'Start the server there, open its firewall for both families, or take the record away.',
    },
    'routing.address.differs': {
      meaning: 'One address answers with another status, title or marker than the first, or sends visitors to another place.',
      fix: 'Bring every server behind the name to the same release and configuration.',
    },
    'routing.address.headers': {
      meaning: 'One address answers without a header of policy that another sends, or with another value.',
      fix: 'Bring every server behind the name to the same configuration, and reload it.',
    },
    'routing.address.cookies': {
      meaning: 'One address sets a cookie without an attribute that it has at another.',
      fix: 'Bring every server behind the name to the same release and configuration of the application.',
    },
    'routing.address.plain-differs': {
      meaning: 'Port 80 of one address answers otherwise than that of another: a server block that listens for one family only (nginx: listen [::]:80).',
      fix: 'nginx: write listen 80 and listen [::]:80 in the same server block, at every server behind the name.',
    },
    'routing.address.plain-dead': {
      meaning: 'Port 80 of one address does not answer, that of another does.',
      fix: 'Open it everywhere (nginx: listen [::]:80; the firewall of both families), or close it everywhere.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject, target) => ({
    all: everyAddress(hostOf(subject).fqdn, hostOf(subject).path),
    documents: attempt(documentEveryAddress(hostOf(subject), pinnedAddresses(target, hostOf(subject).fqdn)?.length)),
    plain: attempt(everyAddress(hostOf(subject).fqdn, '/', 'http')),
  }),
  judge: ({ all, documents, plain }, { subject }) => {
    const { marker } = hostOf(subject).declared
    const answered = all.flatMap(({ seen }) => (seen.ok ? [seen.value] : []))
    // A limiter at the first address is nothing that the others should be like.
    const first = answered.find((seen) => obstacle(seen) === undefined) ?? answered[0]
    if (first === undefined) return inconclusive('unobserved', `none of the ${all.length} addresses answered`)
    const findings: Finding[] = []
    const answers: At[] = []
    const unseen: Evidence[] = []
    let unclear: Verdict | undefined
    for (const { address, seen } of all) {
      const what = `https://${subject.name}${hostOf(subject).path} at ${address}`
      if (!seen.ok) {
        if (isUnroutable(seen.failure, address)) {
          unseen.push({ what, expected: 'an answer to compare', received: `${seen.failure.phase}: ${seen.failure.message} (${seen.failure.code})` })
          continue
        }
        findings.push({
          grade: 'fail',
          code: 'routing.address.dead',
          evidence: { what, expected: 'the same answer as at the others', received: `${seen.failure.phase}: ${seen.failure.message} (${seen.failure.code})` },
        })
        continue
      }
      const blocked = obstacle(seen.value)
      if (blocked !== undefined) {
        unclear ??= blocked
        continue
      }
      const alike =
        seen.value.status === first.status &&
        titleOf(seen.value) === titleOf(first) &&
        leadsTo(seen.value) === leadsTo(first) &&
        (marker === undefined || readMarker(marker, seen.value).ok === readMarker(marker, first).ok)
      const evidence = evidenceOf(seen.value, `status ${first.status} and the same title and marker everywhere`, undefined, what)
      findings.push(alike ? { grade: 'pass', evidence } : { grade: 'fail', code: 'routing.address.differs', evidence })
      if (alike) answers.push({ what, seen: seen.value })
    }
    findings.push(...weaker(answers))
    if (documents.ok) findings.push(...weaker(documentsAlike(documents.value)))
    if (plain.ok) findings.push(...plainFindings(plain.value, subject.name))
    const verdict = worst(findings)
    if (verdict.outcome === 'fail') return verdict
    if (unclear !== undefined) return unclear
    return unseen.length === 0
      ? verdict
      : skip('no-access', `this machine has no way to ${unseen.length} of ${all.length} addresses; network.ipv6: false judges the others alone`, [
          ...unseen,
          ...verdict.evidence,
        ])
  },
  reproduce: curlHttps(),
  covers: ['A7'],
})
