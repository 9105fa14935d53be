import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { type Artefact, curlOf, judgeSweep, noHosts, sweepOf } from './shared.ts'

const ASSIGNMENT = /^(?:export\s+)?[A-Z_][A-Z0-9_]*\s*=(?!=)/i
const SECRET = /^(?:export\s+)?[A-Z0-9_]{0,200}(?:SECRET|PASS|TOKEN|KEY|CREDENTIAL|DSN|DATABASE_URL|PRIVATE)[A-Z0-9_]{0,200}\s*=\s*["']?[^\s"'#]/i
/** A value in quotes may go over many lines: keys do. */
const OVER_LINES = /^((?:export\s+)?[A-Z_][A-Z0-9_]*\s*=\s*)(["'])[^"'\n]*\n[^"']{0,20000}\2\s*$/gim

/** At least two assignments, and nothing but assignments, comments and empty lines: a manual that quotes one is no environment file. */
const proof: Artefact['proof'] = (text) => {
  const lines = text
    .replace(/^\uFEFF/, '')
    .replace(OVER_LINES, '$1value')
    .split(/\r?\n/)
    .slice(0, 2_000)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  const assignments = lines.filter((line) => ASSIGNMENT.test(line))
  if (assignments.length < 2 || assignments.length < lines.length * 0.7) return undefined
  const secrets = assignments.filter((line) => SECRET.test(line)).length
  return {
    shown: `${assignments.length} assignments, ${secrets} of them secret by name`,
    severity: secrets > 0 ? 'critical' : 'high',
    code: secrets > 0 ? 'exposure.env.secret' : 'exposure.env',
  }
}
const ARTEFACTS: readonly Artefact[] = ['/.env', '/.env.local', '/.env.production', '/.env.bak', '/api/.env'].map((path) => ({
  path,
  what: 'environment file',
  code: 'exposure.env',
  proof,
}))

export default defineCheck({
  id: 'exposure/env',
  title: 'No environment file is served',
  failureTitle: 'An environment file is served',
  why: 'It holds the passwords of the database, of mail and of every service in between.',
  source: 'OWASP WSTG-CONF-04; ASVS 13.3.1',
  severity: 'critical',
  codes: {
    'exposure.env': { meaning: 'An environment file can be downloaded.', fix: 'Keep it outside the document root; nginx: location ~ /\\. { return 404; }.' },
    'exposure.env.secret': {
      meaning: 'An environment file with secrets can be downloaded.',
      fix: 'Take it out of the document root and replace every secret in it: it has been read.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ sweep: sweepOf(hostOf(subject), 'env', ARTEFACTS) }),
  judge: ({ sweep }, { target }) => judgeSweep(ARTEFACTS, sweep, target),
  reproduce: curlOf('/.env'),
  covers: ['E31'],
})
