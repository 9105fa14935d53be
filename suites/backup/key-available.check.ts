import { ENCRYPTED } from '../../helpers/artifact/facts.ts'
import { backupRoles, newestWord, roleOf } from '../../helpers/artifact/subjects.ts'
import { defineCheck } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { backupArtifact } from '../../helpers/probes/backups.ts'
import { keysBeside } from '../../helpers/probes/recovery-key.ts'
import { fail, type Finding, inconclusive, pass, skip, worst } from '../../helpers/verdict.ts'
import { mustBeLocked, undeclared } from './shared.ts'

export default defineCheck({
  id: 'backup/key-available',
  title: 'The backup opens with the key that is kept for recovery',
  failureTitle: 'The backup does not open with the key that is kept for recovery',
  why: 'A locked backup whose key is lost, or was kept on the machine that burned, is no backup. One whose key lies beside it is not locked.',
  source: 'backups.encryption of the target; age-encryption.org/v1, every piece of the payload authenticated',
  severity: 'critical',
  codes: {
    'backup.key.wrong': {
      meaning: 'The file is locked for another key than the declared one, or its header is damaged.',
      fix: 'Find the private key of the recipient in the script (age -r); declare that one as `encryption.identity`, and lock for it from now on.',
    },
    'backup.key.beside': {
      meaning: 'A private key lies in the same place as the files that it opens.',
      fix: 'Move it to where recovery starts from: a password manager, another machine, paper. Make a new key; this one counts as known.',
    },
    'backup.key.kind': {
      meaning: 'The file is locked with another tool than declared.',
      fix: 'Lock it with age, or correct `encryption`; what gpg and openssl lock is recognised, not opened.',
    },
  },
  options: {},
  subjects: backupRoles((entry) => typeof entry.encryption === 'object'),
  unless: undeclared('says what it opens with (encryption: { kind, identity })'),
  needs: (subject) => {
    const { entry, role } = roleOf(subject)
    return { artifact: attempt(backupArtifact(entry, role)), beside: attempt(keysBeside(entry)) }
  },
  judge: ({ artifact, beside }, { subject }) => {
    const { entry } = roleOf(subject)
    const { encryption } = entry
    if (!beside.ok) return inconclusive('unobserved', beside.failure.message)
    const findings: Finding[] = beside.value.found.map(
      ({ place, name }): Finding => ({
        grade: 'fail',
        code: 'backup.key.beside',
        evidence: { what: `private key in ${name}`, expected: 'somewhere else', received: 'beside the backup', where: place },
      }),
    )
    const opens = typeof encryption === 'object' && (encryption.identity !== undefined || encryption.passphrase !== undefined)
    if (!artifact.ok) {
      if (findings.length > 0) return worst(findings)
      return inconclusive(artifact.failure.code === 'NO_KEY' ? 'misused' : 'unobserved', artifact.failure.message)
    }
    if (artifact.value === undefined) return findings.length > 0 ? worst(findings) : inconclusive('unobserved', 'there is no backup to judge')
    const { facts, file } = artifact.value
    const say = (received: string) => ({ what: file.name, expected: 'opens with the declared key', received, where: file.path })
    if (facts.sealed?.opened === true)
      findings.push({ grade: 'pass', evidence: say(`${facts.sealed.kind}, opened; ${beside.value.looked} other files there hold no key`) })
    else if (facts.sealed !== undefined) findings.push({ grade: 'fail', code: 'backup.key.wrong', evidence: say(facts.sealed.error ?? 'it stays closed') })
    else if (ENCRYPTED.has(facts.format) && facts.format !== 'age')
      findings.push({ grade: 'fail', code: 'backup.key.kind', evidence: say(`locked with ${facts.format}`) })
    if (findings.length > 0) return worst(findings)
    if (!ENCRYPTED.has(facts.format))
      return mustBeLocked(entry)
        ? inconclusive('unobserved', 'it is not locked (backup/encrypted)', say('not locked'))
        : pass(say('not locked, and need not be'))
    return opens
      ? fail('backup.key.wrong', say('it stays closed'))
      : skip('no-access', 'no key is given to this run: nothing is known of what is inside', say('locked with age'))
  },
  reproduce: (subject, target) => {
    const { encryption } = roleOf(subject).entry
    const name = typeof encryption === 'object' ? (encryption.identity ?? encryption.passphrase ?? 'key') : 'key'
    return `printf '%s\\n' "$${name}" | age -d -i - ${newestWord(roleOf(subject), target)} > /dev/null`
  },
  covers: ['B76', 'C69'],
})
