/** Files that more than one check looks for: how they are known by their content. */
import { type Artefact, by } from './shared.ts'

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
export const envFile = (path: string): Artefact => ({ path, what: 'environment file', code: 'exposure.env', proof })

export const GIT_HEAD: Artefact = {
  path: '/.git/HEAD',
  what: 'head of a Git repository',
  code: 'exposure.git',
  proof: by(/^(?:ref: refs\/\S+|[0-9a-f]{40}|[0-9a-f]{64})\s*$/, 'a ref or an object id'),
}
