import { defineCheck } from '../../helpers/check.ts'
import { restoreCommand } from '../../helpers/drill/subjects.ts'
import { restoreDrill } from '../../helpers/probes/drill.ts'
import type { BackupEntry, Target } from '../../helpers/target.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { lacks } from './shared.ts'

const entryOf = ({ file }: Target): BackupEntry | undefined =>
  file.rollback?.backup === undefined ? undefined : file.backups?.find(({ id, drill }) => id === file.rollback?.backup && drill !== undefined)

export default defineCheck({
  id: 'rollback/backup-restorable',
  title: 'What the deployment saves before it begins can be restored',
  failureTitle: 'What the deployment saves before it begins cannot be restored',
  why: 'The backup of the deployment script is the point to which a rollback returns. It is made in haste, by another command than the nightly one.',
  source: 'the drill of the backup that rollback.backup names: restored without errors, every row there',
  severity: 'critical',
  codes: {
    'rollback.backup-not-restored': {
      meaning: 'The backup before the deployment cannot be restored whole.',
      fix: 'Look at the findings of its drill (restore/…): they say what is wrong with it.',
    },
  },
  options: {},
  subjects: (target) => {
    const entry = entryOf(target)
    return entry === undefined ? [] : [{ name: entry.id, item: entry }]
  },
  unless: lacks('backup'),
  needs: (subject) => ({ drill: restoreDrill(subject.item as BackupEntry) }),
  judge: ({ drill }) => {
    const misused = drill.notRestored.find(({ blame }) => blame === 'misused')
    const findings: readonly Finding[] = [
      ...drill.notRestored.map(({ label, why }) => ({
        grade: 'fail' as const,
        code: 'rollback.backup-not-restored',
        evidence: { what: label, expected: 'restored', received: why },
      })),
      ...drill.databases.map(({ label, stages, errors, tables }) => {
        const failed = stages.filter(({ exit }) => exit !== 0)
        const short = tables.filter(({ expected, rows }) => expected !== undefined && rows !== expected)
        const right = failed.length === 0 && errors.length === 0 && short.length === 0
        return {
          grade: right ? ('pass' as const) : ('fail' as const),
          code: 'rollback.backup-not-restored',
          evidence: {
            what: `${label}, of ${drill.set.at}`,
            expected: 'restored without errors, every row there',
            received: right
              ? `${tables.length} tables, ${tables.reduce((sum, { rows = 0 }) => sum + rows, 0)} rows`
              : [
                  ...failed.map(({ tool, exit }) => `${tool} ended with ${exit}`),
                  ...(errors.length === 0 ? [] : [`${errors.reduce((sum, { count }) => sum + count, 0)} errors (${errors[0]?.sqlstate ?? ''})`]),
                  ...short.slice(0, 5).map(({ name, expected, rows }) => `${name}: ${rows ?? 'no table'} of ${expected ?? ''} rows`),
                ].join(', '),
          },
        }
      }),
    ]
    if (misused !== undefined)
      return inconclusive(
        'misused',
        `${misused.label} was not restored: ${misused.why}`,
        findings.map(({ evidence }) => evidence),
      )
    return findings.length === 0 ? inconclusive('unobserved', 'the backup holds nothing that could be restored') : worst(findings)
  },
  reproduce: (subject, target) => restoreCommand(subject, target),
  covers: ['B78'],
})
