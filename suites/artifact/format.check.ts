import type { ArtifactFormat } from '../../helpers/artifact/facts.ts'
import { backupRoles, newestWord, roleOf } from '../../helpers/artifact/subjects.ts'
import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { closed, look, noBackups, type Part, parts, say, streamWhole } from './shared.ts'

const KINDS: Readonly<Record<NonNullable<Part['declared']['kind']>, readonly ArtifactFormat[]>> = {
  postgres: ['pg-plain', 'pg-custom', 'pg-directory', 'pg-tar'],
  globals: ['pg-plain'],
  mysql: ['mysql-plain'],
  sqlite: ['sqlite'],
  redis: ['rdb', 'aof'],
  archive: ['tar'],
  encrypted: ['age', 'openpgp', 'openssl'],
  other: ['sql', 'text', 'unknown', 'zip', 'xz', 'bzip2', 'tar'],
}
/** What the endings of names promise. */
const ENDINGS: readonly (readonly [RegExp, readonly ArtifactFormat[]])[] = [
  [/\.sql$/, ['pg-plain', 'mysql-plain', 'sql']],
  [/\.tar$|\.tgz$/, ['tar', 'pg-tar']],
  [/\.(?:dump|pgdump|backup)$/, ['pg-custom', 'pg-tar', 'pg-plain', 'mysql-plain', 'sqlite', 'sql']],
  [/\.(?:db|sqlite3?)$/, ['sqlite']],
  [/\.rdb$/, ['rdb']],
  [/\.aof$/, ['aof', 'rdb']],
  [/\.age$/, ['age']],
  [/\.(?:gpg|pgp|asc)$/, ['openpgp']],
]

const LAYERS = [
  [/\.(?:tgz|gz)$/, 'gzip'],
  [/\.zst$/, 'zstd'],
  [/\.lz4$/, 'lz4'],
] as const

export default defineCheck({
  id: 'artifact/format',
  title: 'The backup is what its name and the target say',
  failureTitle: 'The backup is not what its name or the target says',
  why: 'An error page, a log or an empty file under the name of a dump is only noticed by whoever looks at the bytes.',
  source: 'magic numbers: PGDMP, ustar, gzip (RFC 1952), zstd (RFC 8878), LZ4 frames, SQLite, REDIS, age, OpenPGP',
  severity: 'critical',
  codes: {
    'artifact.kind': {
      meaning: 'The bytes are of another kind than declared.',
      fix: 'Look into the file: often it is the message of an error. Otherwise correct `kind`.',
    },
    'artifact.ending': { meaning: 'The bytes are of another kind than the ending of the name promises.', fix: 'Look into the file; name it after what it is.' },
    'artifact.unknown': {
      meaning: 'Nobody can say what these bytes are.',
      fix: 'Look into the file; declare kind: other if it is no backup format on purpose.',
    },
    'artifact.compression': {
      meaning: 'The name ends in .gz, .zst or .lz4 and the bytes are not compressed so, or the other way round.',
      fix: 'Let the script compress, or leave the ending out.',
    },
  },
  options: {},
  subjects: backupRoles(),
  unless: noBackups,
  needs: (subject) => ({ artifact: look(subject) }),
  judge: ({ artifact }, { subject }) => {
    if (artifact === undefined) return inconclusive('unobserved', 'there is no backup to judge')
    if (artifact.facts.sealed?.opened === false) return closed(artifact)
    return worst(
      parts(artifact, roleOf(subject)).flatMap((part): Finding[] => {
        const { facts, declared } = part
        // A member of no bytes is for artifact/compound-members to say.
        if (facts !== artifact.facts && facts.format === 'empty') return []
        // Its first bytes decide, so that a cut file is still recognised.
        const shown = [...facts.layers, facts.format].join(', within it ')
        const findings: Finding[] = []
        const outer = LAYERS.find(([ending]) => ending.test(facts.name))?.[1]
        if (outer !== facts.layers[0])
          findings.push({ grade: 'fail', code: 'artifact.compression', evidence: say(part, 'compression', outer ?? 'none', facts.layers[0] ?? 'none') })
        if (!streamWhole(facts) && (facts.format === 'empty' || facts.format === 'unknown'))
          return findings.length > 0 ? findings : [{ grade: 'pass', evidence: say(part, 'kind', outer ?? 'any', shown) }]
        if (declared.kind === 'encrypted' && facts.sealed?.opened === true)
          findings.push({ grade: 'pass', evidence: say(part, 'kind', 'encrypted', `${facts.sealed.kind}, within it ${shown}`) })
        else if (declared.kind !== undefined) {
          const scope = facts.dump?.scope
          const right = KINDS[declared.kind].includes(facts.format) && (declared.kind !== 'globals' || scope === 'globals' || scope === 'cluster')
          findings.push({
            grade: right ? 'pass' : 'fail',
            code: 'artifact.kind',
            evidence: say(part, 'kind', declared.kind, scope === undefined ? shown : `${shown} (${scope})`),
          })
        } else {
          const bare = facts.name.replace(/\.(?:gz|lz4|zst)$/, '')
          const promised = ENDINGS.find(([ending]) => ending.test(bare))?.[1]
          if (promised !== undefined)
            findings.push({
              grade: promised.includes(facts.format) ? 'pass' : 'fail',
              code: 'artifact.ending',
              evidence: say(part, 'kind', promised.join(' or '), shown),
            })
          else {
            const known = facts.format !== 'unknown' && facts.format !== 'empty'
            findings.push({ grade: known ? 'pass' : 'fail', code: 'artifact.unknown', evidence: say(part, 'kind', 'a known one', shown) })
          }
        }
        return findings
      }),
    )
  },
  reproduce: (subject, target) => `file -z ${newestWord(roleOf(subject), target)}`,
  covers: ['A150', 'C68'],
})
