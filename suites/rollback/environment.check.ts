import { defineCheck } from '../../helpers/check.ts'
import { fail, pass } from '../../helpers/verdict.ts'
import { byHand, eachLevel, lacks, looks, unprepared } from './shared.ts'

export default defineCheck({
  id: 'rollback/environment',
  title: 'The environment that a rollback puts back is there and is one',
  failureTitle: 'The environment that a rollback puts back is missing or is none',
  why: '`cp .env.backup .env` is half of many rollbacks. A deployment that never wrote the copy, or wrote half of it, shows only then.',
  source: 'rollback.environment: the file after the deployment, read as Docker Compose and dotenv read it; values are not kept',
  severity: 'high',
  codes: {
    'rollback.environment-missing': {
      meaning: 'The deployment left no copy of the environment.',
      fix: 'Let the deployment copy .env to .env.backup before it changes it.',
    },
    'rollback.environment-invalid': {
      meaning: 'The copy cannot be read as an environment.',
      fix: 'Correct the line that the evidence names; write the copy to another name and rename it.',
    },
    'rollback.environment-incomplete': {
      meaning: 'Keys that the previous version needs are not set in the copy.',
      fix: 'Copy the whole file; keep .env.example and requiredKeys up to date.',
    },
  },
  options: {},
  subjects: eachLevel(({ environment }) => environment !== undefined),
  unless: lacks('environment'),
  needs: looks,
  judge: ({ rehearsal }) => {
    const before = unprepared(rehearsal)
    if (before !== undefined) return before
    const seen = rehearsal.environment
    const evidence = (expected: string, received: string): { what: string; expected: string; received: string } => ({
      what: seen?.file ?? 'environment',
      expected,
      received,
    })
    if (seen === undefined || !seen.exists) return fail('rollback.environment-missing', evidence('a file, after the deployment', 'it is not there'))
    if (seen.problems.length > 0) return fail('rollback.environment-invalid', evidence('NAME=value, line by line', seen.problems.join('; ')))
    const lacking = [...seen.missing.map((name) => `${name} is not set`), ...seen.empty.map((name) => `${name} is empty`)]
    return lacking.length > 0
      ? fail('rollback.environment-incomplete', evidence('every required key', lacking.slice(0, 20).join(', ')))
      : pass(evidence('a valid environment with every required key', `${seen.keys} keys, each required one set`))
  },
  reproduce: byHand,
  covers: ['A154'],
})
