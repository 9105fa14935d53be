import { defineCheck } from '../../helpers/check.ts'
import { spfTree } from '../../helpers/probes/spf.ts'
import { type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { digTxt, eachSpfDomain, listed, noMail, rootOf, spfEvidence } from './shared.ts'

export default defineCheck({
  id: 'mail/spf-syntax',
  title: 'SPF reads without fault, here and in what it includes',
  failureTitle: 'SPF is faulty, here or in what it includes',
  why: 'One wrong letter anywhere makes the whole record a permanent error, as does an include that leads to nothing.',
  source: 'RFC 7208 §12 (grammar), §4.6 (a fault anywhere counts), §5.2 (include of nothing), §5.5 (ptr), §3.4 (450 octets)',
  severity: 'medium',
  codes: {
    'mail.spf.syntax': { meaning: 'A term cannot be read: every receiver reports a permanent error.', fix: 'Correct the term that the evidence names.' },
    'mail.spf.include-dead': {
      meaning: 'An include or redirect leads to a domain without exactly one SPF record: a permanent error.',
      fix: 'Remove it, or write the name that the provider gives today.',
    },
    'mail.spf.ptr': { meaning: 'The record uses ptr, which is slow, unreliable and not to be published.', fix: 'Name the senders by ip4, ip6, a or mx.' },
    'mail.spf.long': { meaning: 'The record is longer than fits into an answer over UDP everywhere.', fix: 'Shorten it, or move parts into an include.' },
  },
  options: { mostOctets: 450 },
  subjects: eachSpfDomain,
  unless: noMail,
  needs: ({ name }) => ({ spf: spfTree(name) }),
  judge: ({ spf }, { options }) => {
    const root = rootOf(spf)
    if (root.state === 'error') return inconclusive('unobserved', `SPF of ${root.domain}: ${root.code ?? 'no answer'}`, spfEvidence(spf, 'a record'))
    if (root.state !== 'record') return skip('not-applicable', 'there is not one record to read (mail/spf-exists)', spfEvidence(spf, 'one record'))
    const findings: Finding[] = []
    const unseen: string[] = []
    for (const node of spf.nodes) {
      const text = node.records[0] ?? ''
      const place = node.via === undefined ? `SPF of ${node.domain}` : `SPF of ${node.domain} (${node.via} of ${node.from ?? ''})`
      const evidence = { what: place, expected: 'a record that RFC 7208 reads', received: text === '' ? node.state : text }
      if (node.state === 'error') unseen.push(`${node.domain} TXT: ${node.code ?? 'no answer'}`)
      else if (node.state === 'none' || node.state === 'several')
        findings.push({
          grade: 'fail',
          code: 'mail.spf.include-dead',
          evidence: { ...evidence, expected: 'one SPF record', received: node.state === 'none' ? 'none' : listed(node.records) },
        })
      else if (node.reading?.ok === false)
        findings.push({
          grade: 'fail',
          code: 'mail.spf.syntax',
          evidence: { ...evidence, received: `${node.reading.term === '' ? '' : `${node.reading.term}: `}${node.reading.error}; ${text}` },
        })
      else if (node.reading?.ok === true) {
        const used = node.reading.value.directives.filter(({ mechanism }) => mechanism === 'ptr')
        if (used.length > 0 && node === root) findings.push({ grade: 'warn', code: 'mail.spf.ptr', evidence: { ...evidence, expected: 'no ptr' } })
        else if (Buffer.byteLength(text) > options.mostOctets && node === root)
          findings.push({
            grade: 'warn',
            code: 'mail.spf.long',
            evidence: { ...evidence, expected: `at most ${options.mostOctets} octets`, received: `${Buffer.byteLength(text)} octets: ${text}` },
          })
        else findings.push({ grade: 'pass', evidence })
      }
    }
    if (unseen.length > 0 && !findings.some(({ grade }) => grade === 'fail'))
      return inconclusive(
        'unobserved',
        listed(unseen),
        findings.map((one) => one.evidence),
      )
    return worst(findings)
  },
  reproduce: digTxt(),
})
