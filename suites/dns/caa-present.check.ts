import { defineCheck } from '../../helpers/check.ts'
import { KNOWN_TAGS } from '../../helpers/grammar/caa.ts'
import { caaClimb } from '../../helpers/probes/dns-zone.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { climbEvidence, setOf } from './caa.ts'
import { dig, dnsDomain, noDns } from './shared.ts'

export default defineCheck({
  id: 'dns/caa-present',
  title: 'CAA records say who may issue certificates, readably',
  failureTitle: 'CAA records are absent or cannot be read',
  why: 'Without them any of a hundred authorities may be tricked into a certificate for the domain; a record that cannot be read forbids all of them.',
  source: 'RFC 8659 §3, §4; dns.caa of the target',
  severity: 'low',
  codes: {
    'dns.caa.absent': {
      meaning: 'No CAA record with issue at the domain or above.',
      fix: 'Publish 0 issue "<your authority>", and 0 issuewild ";" where there are no wildcards.',
    },
    'dns.caa.malformed': {
      meaning: 'A CAA record breaks the grammar, which counts as forbidding everybody.',
      fix: 'Write it as 0 issue "ca.example; tag=value".',
    },
    'dns.caa.critical': { meaning: 'A property that no authority knows is marked critical: nobody may issue.', fix: 'Set its flags to 0, or remove it.' },
    'dns.caa.undeclared': {
      meaning: 'An authority may issue that the target does not declare (dns.caa).',
      fix: 'Remove the record, or declare the authority.',
    },
  },
  options: {},
  subjects: dnsDomain(),
  unless: noDns,
  needs: (_subject, target) => ({ climb: caaClimb(target.domain) }),
  judge: ({ climb }, { target }) => {
    const declared = target.file.dns?.caa?.map((one) => one.toLowerCase())
    const evidence = climbEvidence(climb, declared === undefined ? 'a record set with issue' : `issue for ${declared.join(', ')} and nobody else`)
    const set = setOf(climb)
    if (set.broken !== undefined) return inconclusive('unobserved', `CAA was not answered: ${set.broken}`, evidence)
    if (set.malformed.length > 0)
      return fail('dns.caa.malformed', { what: `CAA of ${set.at ?? ''}`, expected: 'the grammar of RFC 8659', received: set.malformed.join('; ') })
    const critical = set.properties.filter((one) => one.critical && !KNOWN_TAGS.has(one.tag))
    if (critical.length > 0)
      return fail('dns.caa.critical', {
        what: `CAA of ${set.at ?? ''}`,
        expected: 'known tags where critical',
        received: critical.map((one) => `${one.flags} ${one.tag}`).join(', '),
      })
    const issuers = set.properties.filter((one) => one.tag === 'issue' || one.tag === 'issuewild')
    if (!issuers.some((one) => one.tag === 'issue')) return warn('dns.caa.absent', evidence)
    const strangers = declared === undefined ? [] : issuers.filter((one) => one.issuer !== undefined && one.issuer !== '' && !declared.includes(one.issuer))
    return strangers.length > 0 ? warn('dns.caa.undeclared', evidence) : pass(evidence)
  },
  reproduce: dig('CAA'),
})
