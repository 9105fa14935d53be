import { defineCheck } from '../../helpers/check.ts'
import { bodyText } from '../../helpers/headers.ts'
import { matchValue } from '../../helpers/matcher.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { at, blocked, curl, endpoints, entryOf, jsonOf, look, noHealth, valueAt } from './shared.ts'

export default defineCheck({
  id: 'health/fields',
  title: 'Every declared health field has its declared value',
  failureTitle: 'A health field does not have its declared value',
  why: 'Status 200 with a sick database inside is the usual way an outage stays unseen; "Healthy" and "ok" are other words than "healthy".',
  source: 'health.json of the target',
  severity: 'high',
  codes: {
    'health.field.wrong': { meaning: 'A field has another value (letter for letter) than declared.', fix: 'Look at the dependency the field names.' },
    'health.field.missing': { meaning: 'A declared field is not in the answer.', fix: 'Let the endpoint report it, or correct the path in the target.' },
  },
  options: {},
  subjects: endpoints((entry) => entry.json !== undefined && Object.keys(entry.json).length > 0 && entry.method !== 'HEAD'),
  unless: noHealth,
  needs: (subject) => ({ seen: look(subject) }),
  judge: ({ seen }, { subject }) => {
    if (blocked(seen) || seen.status === 429) return inconclusive('unobserved', `the endpoint answered ${seen.status} for another reason than health`)
    const document = jsonOf(bodyText(seen))
    if (document === undefined)
      return inconclusive('unobserved', 'the answer is no JSON, its fields cannot be read', at(seen, 'body', 'JSON', 'something else'))
    const findings: Finding[] = []
    for (const [path, matcher] of Object.entries(entryOf(subject).json ?? {})) {
      const read = valueAt(document.value, path)
      if ('misused' in read) return inconclusive('misused', `health.json: ${read.misused}`)
      const result = matchValue(matcher, read.value)
      if (result.misused !== undefined) return inconclusive('misused', `health.json ${path}: ${result.misused}`)
      findings.push({
        grade: result.ok ? 'pass' : 'fail',
        code: read.value === undefined ? 'health.field.missing' : 'health.field.wrong',
        evidence: at(seen, path, result.expected, result.received),
      })
    }
    return worst(findings)
  },
  reproduce: curl,
  covers: ['A78', 'C12', 'D24', 'D25', 'D27'],
})
