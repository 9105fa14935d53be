import { defineCheck } from '../../helpers/check.ts'
import { bootCommand, declaredDrill, drilled, looks, notDeclared } from '../../helpers/drill/subjects.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { notUsed } from './shared.ts'

export default defineCheck({
  id: 'restore/app-smoke',
  title: 'The application works on the restored data',
  failureTitle: 'A page of the application does not work on the restored data',
  why: 'Health paths answer without asking the database. What users see does not.',
  source: '`application.smoke` of the target',
  severity: 'high',
  codes: {
    'restore.app-page-wrong': {
      meaning: 'A declared page of the application on the restored data has another status, or lacks the declared text.',
      fix: 'Ask the live application the same. If it answers as declared, what the page shows is not in the backup.',
    },
  },
  options: {},
  subjects: drilled((drill) => drill.application?.smoke !== undefined),
  unless: notDeclared('application.smoke'),
  needs: looks,
  judge: ({ drill }) => {
    const { application } = drill
    if (application === undefined || application.notBooted !== undefined) return notUsed(drill)
    if (application.bootedMs === undefined) return inconclusive('unobserved', `the application did not come up: ${application.received}`)
    const evidence = (right: boolean): { readonly what: string; readonly expected: string; readonly received: string }[] =>
      application.smoke
        .filter((one) => one.right === right)
        .map(({ id, expected, received }) => ({ what: `${id} of ${application.image}`, expected, received }))
    const [wrong, good] = [evidence(false), evidence(true)]
    if (wrong.length > 0) return fail('restore.app-page-wrong', [...wrong, ...good])
    return good.length > 0 ? pass(good) : inconclusive('unobserved', 'no page was asked for')
  },
  reproduce: (subject, target) => bootCommand(subject, target, declaredDrill(subject).application?.smoke?.[0]?.path),
  covers: ['A152', 'E80'],
})
