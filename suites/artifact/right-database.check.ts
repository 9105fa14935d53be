import { backupRoles, roleOf } from '../../helpers/artifact/subjects.ts'
import { defineCheck } from '../../helpers/check.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { contentCommand, declaredContents, isCut, judgeParts, look, sameTable, say, tablesOf, undeclared } from './shared.ts'

export default defineCheck({
  id: 'artifact/right-database',
  title: 'The dump is of the declared database, with the declared tables',
  failureTitle: 'The dump is of another database, or tables are missing',
  why: 'A dump of `postgres` instead of the application is 700 bytes, complete, and ends with exit status 0.',
  source: 'name in the archive, in CREATE DATABASE or in the header of mysqldump; database and requiredTables of the target',
  severity: 'critical',
  codes: {
    'artifact.wrong-database': {
      meaning: 'The dump names another database.',
      fix: 'Correct the database in the script (the default is the name of the user).',
    },
    'artifact.table-missing': {
      meaning: 'A declared table is not in the dump.',
      fix: 'Look which database and schema is dumped, and for -t, -n and --exclude-table.',
    },
  },
  options: {},
  subjects: backupRoles((entry, role) => declaredContents(entry, role).some((one) => one.database !== undefined || (one.requiredTables?.length ?? 0) > 0)),
  unless: undeclared('names its database or its tables (database, requiredTables)'),
  needs: (subject) => ({ artifact: look(subject) }),
  judge: ({ artifact }, { subject }) =>
    judgeParts(
      artifact,
      subject,
      (part): Finding[] => {
        const { facts, declared } = part
        const named = facts.dump?.database === undefined ? (facts.dump?.databases ?? []) : [facts.dump.database]
        const tables = tablesOf(facts)
        if (isCut(facts) || (facts.dump === undefined && facts.sqlite?.integrity?.ok !== true)) return []
        const findings: Finding[] = []
        if (declared.database !== undefined && named.length > 0)
          findings.push({
            grade: named.includes(declared.database) ? 'pass' : 'fail',
            code: 'artifact.wrong-database',
            evidence: say(part, 'database', declared.database, named.join(', ')),
          })
        for (const name of declared.requiredTables ?? []) {
          const there = tables.some((table) => table.defined && sameTable(name, table.name))
          findings.push({
            grade: there ? 'pass' : 'fail',
            code: 'artifact.table-missing',
            evidence: say(part, `table ${name}`, 'made by the dump', there ? 'there' : `not among ${tables.length} tables`),
          })
        }
        return findings
      },
      `nothing in ${roleOf(subject).role} names its database`,
    ),
  reproduce: (subject, target) => `${contentCommand(subject, target)} | grep -a -E '^CREATE (TABLE|DATABASE) '`,
  covers: ['A150', 'B77', 'B74'],
})
