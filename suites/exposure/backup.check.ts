import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import type { Host } from '../../helpers/target.ts'
import { type Artefact, by, curlOf, judgeSweep, magic, noHosts, sweepOf } from './shared.ts'

const CODE = 'exposure.backup'
const HEAD = 4_096
const ZIP = magic('PK\x03\x04', 'the first bytes of a zip archive')
const ARCHIVE = magic('\x1f\x8b', 'the first bytes of a gzip stream')
const SQLITE = magic('SQLite format 3\0', 'the first bytes of a SQLite database')
const SQL = by(
  /^(?:\s*--[^\n]*\n){0,5}\s*(?:-- (?:MySQL dump|MariaDB dump|PostgreSQL database dump|phpMyAdmin SQL Dump|Dump|Host:)|(?:CREATE|DROP) (?:TABLE|DATABASE)|INSERT INTO|\/\*!\d{5}|SET (?:NAMES|statement_timeout))/i,
  'the first statement of a dump',
)
/** Custom format of pg_dump. */
const DUMP: Artefact['proof'] = (text, seen) => magic('PGDMP', 'the first bytes of a PostgreSQL dump')(text, seen) ?? SQL(text, seen)
const SOURCE = by(/^\s*<\?(?:php|=)/, 'source code that should have been executed')
/** A compressed file, or what is in it where the server says Content-Encoding: gzip and the reader has undone it. */
const GZIP: Artefact['proof'] = (text, seen) =>
  ARCHIVE(text, seen) ??
  (Buffer.from(seen.body.subarray(257, 262)).toString('latin1') === 'ustar' ? 'the header of a tar archive' : undefined) ??
  SQL(text, seen)
const SWAP = magic('b0VIM', 'the first bytes of an editor’s swap file')

/** Common names, and those made of the host's own name. Only the first bytes are read. */
const artefactsOf = (host: Host): readonly Artefact[] => {
  const whole = host.fqdn
  const label = host.name === '@' ? (whole.split('.')[0] ?? 'site') : (host.name.split('.')[0] ?? host.name)
  const list: readonly (readonly [path: string, what: string, proof: Artefact['proof']])[] = [
    ['/backup.zip', 'backup', ZIP],
    ['/backup.tar.gz', 'backup', GZIP],
    ['/backup.sql', 'database dump', DUMP],
    ['/dump.sql', 'database dump', DUMP],
    ['/backup.sql.gz', 'database dump', GZIP],
    [`/${whole}.zip`, 'backup', ZIP],
    [`/${whole}.tar.gz`, 'backup', GZIP],
    [`/${label}.sql`, 'database dump', DUMP],
    ['/db.sqlite3', 'database', SQLITE],
    ['/index.php.bak', 'copy of a program', SOURCE],
    ['/index.php~', 'copy of a program', SOURCE],
    ['/.index.php.swp', 'editor’s swap file', SWAP],
  ]
  return [
    ...list.map(([path, what, proof]): Artefact => ({ path, what, code: CODE, proof, maxBodyBytes: HEAD, headers: [['range', 'bytes=0-511']] })),
    {
      path: '/.DS_Store',
      what: 'folder list of macOS',
      code: 'exposure.backup.ds-store',
      severity: 'medium',
      maxBodyBytes: HEAD,
      proof: magic('\0\0\0\x01Bud1', 'its first bytes'),
    },
  ]
}

export default defineCheck({
  id: 'exposure/backup',
  title: 'No backup, dump or database file is served',
  failureTitle: 'A backup, dump or database file is served',
  why: 'Whoever guesses the name takes everything at once, and no login stands before it.',
  source: 'OWASP WSTG-CONF-04',
  severity: 'high',
  codes: {
    'exposure.backup': {
      meaning: 'An archive, a database dump, a database or the copy of a program can be downloaded.',
      fix: 'Keep backups outside the document root, on another machine; treat what was in it as read.',
    },
    'exposure.backup.ds-store': { meaning: '.DS_Store lists the names of all files of its folder.', fix: 'Delete it and keep it out of deployments.' },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ sweep: sweepOf(hostOf(subject), 'backup', artefactsOf(hostOf(subject))) }),
  judge: ({ sweep }, { target, subject }) => judgeSweep(artefactsOf(hostOf(subject)), sweep, target),
  reproduce: curlOf('/backup.sql'),
  covers: ['E31'],
})
