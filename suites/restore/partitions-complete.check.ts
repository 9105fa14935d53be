import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { few, judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/partitions-complete',
  title: 'Partitions by time have a place for now, and no gap',
  failureTitle: 'A partition by time is missing',
  why: 'Without a partition for now the first insert fails; a gap in the middle is a month that nobody dumped.',
  source: 'bounds of range partitions over time; pg_partitioned_table',
  severity: 'high',
  codes: {
    'restore.partition-for-now-missing': {
      meaning: 'No partition takes a row of now.',
      fix: 'Make the next partitions in time, or a default one; look whether the job that makes them ran before the dump.',
    },
    'restore.partition-gap': {
      meaning: 'Between two partitions there is a gap.',
      fix: 'Look whether a partition was left out of the dump (-t, --exclude-table) or detached.',
    },
  },
  options: {},
  subjects: drilled(),
  unless: noDrill,
  needs: looks,
  judge: ({ drill }) =>
    judgeRestored(
      drill,
      ['postgres'],
      (database) => {
        const facts = database.postgres?.partitions
        if (facts === undefined || facts.tables.length === 0) return []
        return [
          {
            grade: facts.homeless.length === 0 ? 'pass' : 'fail',
            code: 'restore.partition-for-now-missing',
            evidence: {
              what: `partitioned tables of ${database.label}`,
              expected: 'a partition that takes a row of now',
              received: facts.homeless.length === 0 ? few(facts.tables) : `none in ${few(facts.homeless)}`,
              where: where(database),
            },
          },
          {
            grade: facts.gaps.length === 0 ? 'pass' : 'fail',
            code: 'restore.partition-gap',
            evidence: {
              what: `bounds of the partitions of ${database.label}`,
              expected: 'each begins where the one before ends',
              received: facts.gaps.length === 0 ? 'no gap' : few(facts.gaps),
              where: where(database),
            },
          },
        ]
      },
      'no restored database has tables partitioned by time',
    ),
  reproduce: (subject, target) => restoreCommand(subject, target),
  covers: ['B77'],
})
