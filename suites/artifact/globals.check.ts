import { defineCheck } from '../../helpers/check.ts'
import { attempt, type Attempt } from '../../helpers/probe.ts'
import { backupArtifact, type SeenArtifact } from '../../helpers/probes/backups.ts'
import type { BackupEntry } from '../../helpers/target.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { few, noBackups, parts, streamWhole } from './shared.ts'

/** Roles that every cluster has. */
const BUILT_IN = /^(?:postgres|pg_.*)$/

export default defineCheck({
  id: 'artifact/globals',
  title: 'Every role that the dump names is made by the set',
  failureTitle: 'The dump names roles that nothing in the set makes',
  why: 'pg_dump writes OWNER TO and GRANT but never CREATE ROLE: a restore onto a new server then fails a hundred times, or gives everything to the wrong owner.',
  source: 'pg_dumpall(1), --globals-only; OWNER, GRANT, POLICY and DEFAULT PRIVILEGES of the dump; roles of the target',
  severity: 'high',
  codes: {
    'artifact.roles-missing': {
      meaning: 'A role is named in the dump and made nowhere in the set.',
      fix: 'Add pg_dumpall --globals-only to the set, or declare in `roles` what exists wherever it is restored.',
    },
  },
  options: {},
  subjects: (target) => (target.file.backups ?? []).map((entry) => ({ name: entry.id, item: entry })),
  unless: noBackups,
  needs: (subject) => {
    const entry = subject.item as BackupEntry
    const looks: Record<string, Attempt<SeenArtifact | undefined>> = {}
    for (const role of Object.keys(entry.files)) looks[role] = attempt(backupArtifact(entry, role))
    return looks
  },
  judge: (seen, { subject }) => {
    const entry = subject.item as BackupEntry
    const all = Object.entries(seen).flatMap(([role, one]) => (one.ok && one.value !== undefined ? parts(one.value, { entry, role }) : []))
    const broken = all.filter(({ facts }) => !streamWhole(facts))
    const dumps = all.flatMap(({ facts }) => (facts.dump?.engine === 'postgres' ? [facts.dump] : []))
    const named = new Set(dumps.flatMap(({ rolesNamed }) => rolesNamed).filter((role) => !BUILT_IN.test(role)))
    const made = new Set([...dumps.flatMap(({ rolesCreated }) => rolesCreated), ...(entry.roles ?? [])])
    if (broken.length > 0) return inconclusive('unobserved', `${few(broken.map(({ label }) => label))} could not be read to the end`)
    if (named.size === 0) return skip('not-applicable', 'no dump in the set names a role')
    const missing = [...named].filter((role) => !made.has(role))
    const evidence = {
      what: `roles of the set ${entry.id}`,
      expected: `made by the set: ${few([...named])}`,
      received: missing.length === 0 ? few([...made]) : `nothing makes ${few(missing)}`,
      where: entry.dir,
    }
    return missing.length === 0 ? pass(evidence) : fail('artifact.roles-missing', evidence)
  },
  reproduce: (subject) => `grep -rlE '^CREATE ROLE' '${(subject.item as BackupEntry).dir}'`,
  covers: ['A151', 'A152'],
})
