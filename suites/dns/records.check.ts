import { defineCheck, type Subject } from '../../helpers/check.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { digFor } from '../../helpers/reproduce.ts'
import type { Target, TargetFile } from '../../helpers/target.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { isAnswer, listed, seenAt, valuesOf } from './shared.ts'

type Declared = NonNullable<NonNullable<TargetFile['dns']>['records']>[number]
const entryOf = (subject: Subject): Declared => subject.item as Declared
const nameOf = (entry: Declared, target: Target): string => (entry.name === '@' ? target.domain : `${entry.name}.${target.domain}`).toLowerCase()

/** As the probe shows values: names in lower case without the final dot, hexadecimal in lower case; texts as they are. */
const normal = (type: string, value: string): string => {
  const text = value.trim()
  if (type === 'TXT') return /^".*"$/.test(text) ? text.slice(1, -1) : text
  if (type === 'CAA')
    return text.replace(/^(\d+) (\S+) "?([^"]*)"?$/, (_all, flags: string, tag: string, rest: string) => `${flags} ${tag.toLowerCase()} "${rest}"`)
  return text
    .toLowerCase()
    .split(/\s+/)
    .map((word) => (word === '.' ? '' : word.replace(/\.$/, '')))
    .join(' ')
    .trim()
}

export default defineCheck({
  id: 'dns/records',
  title: 'The record set is as declared',
  failureTitle: 'The record set is not as declared',
  why: 'Mail, name servers, issuers and proofs of ownership hang on single records that nobody looks at until they are gone.',
  source: 'dns.records of the target',
  severity: 'high',
  codes: {
    'dns.records.missing': { meaning: 'A declared value is not among the records.', fix: 'Add the record.' },
    'dns.records.unexpected': {
      meaning: 'A value that is not declared is among the records (TXT: only declared values are looked for).',
      fix: 'Remove the record, or declare it.',
    },
  },
  options: {},
  subjects: (target) => {
    const host = (name: string) => target.hosts.find((one) => one.fqdn === name)
    return (target.file.dns?.records ?? []).map((entry): Subject => {
      const fqdn = nameOf(entry, target)
      const one = host(fqdn)
      return { name: `${fqdn} ${entry.type}`, item: entry, ...(one === undefined ? {} : { host: one }) }
    })
  },
  unless: { skip: 'not-declared', reason: 'the target declares no records (dns.records)' },
  needs: (subject, target) => ({ seen: dnsQuery({ name: nameOf(entryOf(subject), target), type: entryOf(subject).type }) }),
  judge: ({ seen }, { subject }) => {
    const { type, value } = entryOf(subject)
    const wanted = [value].flat().map((one) => normal(type, one))
    const found = valuesOf(seen, type).map((one) => normal(type, one))
    const missing = wanted.filter((one) => !found.includes(one))
    // Texts at one name belong to many owners (proofs for services, SPF): the declared ones must be there, others may be.
    const unexpected = type === 'TXT' ? [] : found.filter((one) => !wanted.includes(one))
    const evidence = seenAt(seen, `${type === 'TXT' ? 'among others ' : ''}${listed(wanted)}`, found.length === 0 ? undefined : listed(found))
    if (!isAnswer(seen)) return inconclusive('unobserved', `${seen.name} ${type} was answered with ${seen.rcode}`, evidence)
    if (missing.length > 0) return fail('dns.records.missing', evidence)
    return unexpected.length > 0 ? fail('dns.records.unexpected', evidence) : pass(evidence)
  },
  reproduce: (subject, target) => digFor(target, nameOf(entryOf(subject), target), entryOf(subject).type),
})
