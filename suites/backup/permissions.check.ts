import { chosenSet } from '../../helpers/artifact/sets.ts'
import { defineCheck } from '../../helpers/check.ts'
import { type Finding, skip, worst } from '../../helpers/verdict.ts'
import { at, backups, entryOf, listCommand, look, noBackups, nothing } from './shared.ts'

const octal = (mode: number): string => mode.toString(8).padStart(3, '0')

export default defineCheck({
  id: 'backup/permissions',
  title: 'Only its owner and group can read the backup',
  failureTitle: 'Everybody on the machine can read the backup',
  why: 'Whoever gets any shell on the machine, be it through a web application, reads the whole database.',
  source: 'mode of folder and files; backups.mode of the target',
  severity: 'medium',
  codes: {
    'backup.world-readable': { meaning: 'The file and its folder are open to everybody.', fix: 'umask 027 in the script; chmod o-rwx for what is there.' },
    'backup.folder-mode': { meaning: 'The folder has permissions beyond the declared ones.', fix: 'chmod the folder to the declared mode.' },
  },
  options: {},
  subjects: backups(),
  unless: noBackups,
  needs: (subject) => ({ folder: look(subject) }),
  judge: ({ folder }, { subject }) => {
    if (folder.bucket === true) return skip('not-applicable', 'a bucket has no permissions of files; who may read it is for its policy')
    const set = chosenSet(folder)
    if (set === undefined) return nothing(folder)
    const declared = entryOf(subject).mode
    const findings: Finding[] = set.files.map((file) => {
      // Nobody gets to a file through a folder that is closed to them.
      const open = (file.mode & 0o007) !== 0 && (folder.mode & 0o001) !== 0
      return {
        grade: open ? 'warn' : 'pass',
        code: 'backup.world-readable',
        evidence: at(folder, file.name, 'closed to others', `mode ${octal(file.mode)} in a folder of mode ${octal(folder.mode)}`),
      }
    })
    if (declared !== undefined) {
      const beyond = folder.mode & ~Number.parseInt(declared, 8)
      findings.push({
        grade: beyond === 0 ? 'pass' : 'fail',
        code: 'backup.folder-mode',
        evidence: at(folder, 'mode of the folder', `nothing beyond ${declared}`, octal(folder.mode)),
      })
    }
    return worst(findings)
  },
  reproduce: listCommand,
  covers: ['A148', 'C69'],
})
