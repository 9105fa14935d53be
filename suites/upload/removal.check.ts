import { defineCheck } from '../../helpers/check.ts'
import { type Evidence, type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { blocked, lookAt, obstacle, show, uploads } from './shared.ts'

const GONE: ReadonlySet<number> = new Set([401, 403, 404, 410])

export default defineCheck({
  id: 'upload/removal',
  title: 'Deleted files are gone',
  failureTitle: 'Deleted files stay',
  why: 'What a user deletes must be gone, and what the checks upload must not pile up.',
  source: 'Regulation (EU) 2016/679 Art. 17; OWASP ASVS 14.2.4',
  severity: 'medium',
  codes: {
    'upload.removal.refused': {
      meaning: 'A file of ours could not be deleted.',
      fix: 'Look at the route of the target (uploads[].delete); remove the files named postproof-… by hand.',
    },
    'upload.removal.still-served': { meaning: 'A deleted file is still served.', fix: 'Delete it from the storage and from caches, not only from the list.' },
    'upload.removal.nameless': {
      meaning: 'Files were taken without an id, so that they cannot be deleted.',
      fix: 'Answer with an id; remove the files named postproof-… by hand.',
    },
  },
  options: {},
  subjects: uploads((upload) => upload.delete !== undefined),
  unless: { skip: 'not-declared', reason: 'no upload declares how files are deleted (uploads[].delete)' },
  needs: (subject, target) => ({ look: lookAt(subject, target) }),
  judge: ({ look }, { subject }) => {
    const none = blocked(subject, look)
    if (none !== undefined) return none
    const at = (what: string, expected: string, received: string) => ({ what, expected, received, where: look.url })
    const unknown: Evidence[] = []
    const findings = look.removed.flatMap((one): readonly Finding[] => {
      const said =
        one.failure === undefined
          ? `${one.status ?? 'no answer'}${one.readAfter === undefined ? '' : `; read afterwards: ${one.readAfter}`}`
          : `${one.failure.message} (${one.failure.code})`
      const evidence = at(`deleting the file ${one.id.slice(0, 80)}`, '200, 202 or 204, and nothing to read afterwards', said)
      if (obstacle(one) || (one.readAfter !== undefined && (obstacle({ status: one.readAfter }) || one.readAfter >= 500))) {
        unknown.push(evidence)
        return []
      }
      if (one.status === undefined || one.status >= 300) return [{ grade: 'fail', code: 'upload.removal.refused', evidence }]
      if (one.readAfter !== undefined && !GONE.has(one.readAfter)) return [{ grade: 'fail', code: 'upload.removal.still-served', evidence }]
      return [{ grade: 'pass', evidence }]
    })
    if (look.left > 0) findings.push({ grade: 'warn', code: 'upload.removal.nameless', evidence: at('files without an id', 'none', String(look.left)) })
    if (unknown.length > 0 && findings.every(({ grade }) => grade !== 'fail'))
      return inconclusive('unobserved', 'a limiter or an overloaded gateway answered', unknown)
    return findings.length === 0 ? inconclusive('unobserved', 'nothing was there to delete') : worst(findings)
  },
  reproduce: (subject, target) => show(subject, target),
})
