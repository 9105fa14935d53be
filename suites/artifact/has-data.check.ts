import { defineCheck } from '../../helpers/check.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { contentCommand, few, isCut, judgeParts, look, mayHold, noBackups, sameTable, say, tablesOf } from './shared.ts'

export default defineCheck({
  id: 'artifact/has-data',
  title: 'The dump has rows, and rows in every table that must have some',
  failureTitle: 'The dump lacks rows',
  why: 'A schema without data is a valid dump. So is the copy of an empty database that a wrong path has just created.',
  source: 'rows counted in COPY blocks, INSERT statements, archive blocks and SQLite tables; nonEmpty of the target',
  severity: 'critical',
  codes: {
    'artifact.no-rows': { meaning: 'There is not one row in the whole dump.', fix: 'Look for --schema-only, and which database or path the job reads.' },
    'artifact.table-empty': {
      meaning: 'A table that must have rows has none.',
      fix: 'Look whether it is empty in the live database too; if not, which options leave it out.',
    },
    'artifact.data-missing': {
      meaning: 'The dump makes a table but has no place for its data.',
      fix: 'Remove --exclude-table-data, or declare the table in withoutData.',
    },
  },
  options: {},
  subjects: mayHold('postgres', 'mysql', 'sqlite'),
  unless: noBackups,
  needs: (subject) => ({ artifact: look(subject) }),
  judge: ({ artifact }, { subject }) =>
    judgeParts(
      artifact,
      subject,
      (part): Finding[] => {
        const { facts, declared } = part
        const database = facts.dump !== undefined ? facts.dump.scope !== 'globals' : facts.sqlite?.integrity?.ok === true
        // A dump that is cut off has no counts; its own check says so.
        if (!database || isCut(facts)) return []
        const tables = tablesOf(facts)
        const rows = tables.reduce((sum, table) => sum + (table.rows ?? 0), 0)
        const findings: Finding[] = [
          { grade: rows > 0 ? 'pass' : 'fail', code: 'artifact.no-rows', evidence: say(part, 'rows', '> 0', `${rows} in ${tables.length} tables`) },
        ]
        for (const name of declared.nonEmpty ?? []) {
          const found = tables.filter((table) => sameTable(name, table.name))
          const count = found.reduce((sum, table) => sum + (table.rows ?? 0), 0)
          findings.push({
            grade: count > 0 ? 'pass' : 'fail',
            code: 'artifact.table-empty',
            evidence: say(part, `rows of ${name}`, '> 0', found.length === 0 ? 'no such table' : String(count)),
          })
        }
        const bare =
          facts.dump?.copies === true
            ? tables.filter((table) => table.defined && !table.data && !(declared.withoutData ?? []).some((name) => sameTable(name, table.name)))
            : []
        if (bare.length > 0 && rows > 0)
          findings.push({ grade: 'fail', code: 'artifact.data-missing', evidence: say(part, 'tables without data', 'none', few(bare.map(({ name }) => name))) })
        return findings
      },
      'it holds no database',
    ),
  reproduce: (subject, target) => `${contentCommand(subject, target)} | grep -c -E '^(COPY|INSERT INTO) '`,
  covers: ['A150', 'E68', 'E76'],
})
