import { fileCommand, roleOf } from '../../helpers/artifact/subjects.ts'
import { defineCheck } from '../../helpers/check.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { judgeParts, look, mayHold, noBackups, say } from './shared.ts'

export default defineCheck({
  id: 'artifact/sqlite-length',
  title: 'A SQLite file is as long as its header says',
  failureTitle: 'A SQLite file is cut off',
  why: 'A copy that was interrupted opens, and answers, until a query needs a page that is not there.',
  source: 'SQLite file format §1.3: page size times size in pages',
  severity: 'critical',
  codes: {
    'artifact.sqlite.length': {
      meaning: 'The file is shorter or longer than its pages.',
      fix: 'Copy it again with sqlite3 app.db ".backup copy.db", which waits for writers.',
    },
    'artifact.sqlite.header': { meaning: 'The header is not whole.', fix: 'Copy it again; look for a full disk.' },
  },
  options: {},
  subjects: mayHold('sqlite'),
  unless: noBackups,
  needs: (subject) => ({ artifact: look(subject) }),
  judge: ({ artifact }, { subject }) =>
    judgeParts(
      artifact,
      subject,
      (part): Finding[] => {
        const { sqlite, format, decodedBytes, reading } = part.facts
        if (format !== 'sqlite') return []
        if (sqlite === undefined)
          return [{ grade: 'fail', code: 'artifact.sqlite.header', evidence: say(part, 'header', '100 bytes', reading.error ?? 'unreadable') }]
        // Very old writers keep no count of pages: then whole pages are all that can be asked for.
        const right = sqlite.expectedBytes === 0 ? decodedBytes > 0 && decodedBytes % sqlite.pageSize === 0 : decodedBytes === sqlite.expectedBytes
        const expected = sqlite.expectedBytes === 0 ? `whole pages of ${sqlite.pageSize} bytes` : `${sqlite.expectedBytes} bytes`
        return [{ grade: right ? 'pass' : 'fail', code: 'artifact.sqlite.length', evidence: say(part, 'length', expected, `${decodedBytes} bytes`) }]
      },
      'it is no SQLite file',
      false,
    ),
  reproduce: (subject, target) => fileCommand('sqlite3', roleOf(subject), target, "'PRAGMA page_count; PRAGMA page_size'"),
  covers: ['E68'],
})
