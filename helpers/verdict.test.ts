import { expect, test } from 'vitest'
import { type Evidence, type Finding, judgingFor, worst } from './verdict.ts'

const evidence = (what: string): Evidence => ({ what, expected: '404', received: what })
const finding = (grade: Finding['grade'], what: string): Finding => ({ grade, evidence: evidence(what), ...(grade === 'pass' ? {} : { code: 'a.b' }) })

test('beside what fails or warns, what is as it must be is marked, and stands last', () => {
  expect(worst([finding('pass', '404'), finding('fail', '200')])).toEqual({
    outcome: 'fail',
    code: 'a.b',
    evidence: [evidence('200'), { ...evidence('404'), holds: true }],
  })
  expect(worst([finding('pass', '404'), finding('warn', '301')])).toMatchObject({ outcome: 'warn', evidence: [{}, { holds: true }] })
  expect(worst([finding('warn', '301'), finding('fail', '200')]).evidence.some((item) => item.holds !== undefined)).toBe(false)
})
test('in a pass nothing is marked: all of it holds', () => {
  expect(worst([finding('pass', '404')])).toEqual({ outcome: 'pass', evidence: [evidence('404')] })
})
test('nothing judged is never green', () => {
  expect(worst([])).toMatchObject({ outcome: 'inconclusive', blame: 'defect' })
})
test('a finding that says no severity weighs what its check does', () => {
  const [lesser, plain, graver] = [
    { ...finding('fail', '301'), severity: 'medium' } as const,
    finding('fail', '200'),
    { ...finding('fail', '500'), severity: 'critical' } as const,
  ]
  const both = judgingFor('high', () => worst([lesser, plain]))
  expect(both).toMatchObject({ outcome: 'fail', evidence: [{ received: '200' }, { received: '301' }] })
  expect(both).not.toHaveProperty('severity', 'medium')
  expect(judgingFor('high', () => worst([lesser, plain, graver]))).toMatchObject({ severity: 'critical', evidence: [{ received: '500' }, {}, {}] })
  expect(judgingFor('low', () => worst([plain, lesser]))).toMatchObject({ severity: 'medium' })
})
