import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { fail, pass } from '../../helpers/verdict.ts'

export default defineCheck({
  id: 'drill/cleanup',
  title: 'Nothing of the drill is left',
  failureTitle: 'Something of the drill is left',
  why: 'What is left of a drill is a copy of the data of all customers in a folder that nobody watches.',
  source: 'processes, containers and the work folder after the drill',
  severity: 'high',
  codes: {
    'drill.left-over': {
      meaning: 'Processes, containers or files of the drill are still there.',
      fix: 'Remove what is named; the next drill tries again at its start.',
    },
  },
  options: {},
  subjects: drilled(),
  unless: noDrill,
  needs: looks,
  judge: ({ drill }) => {
    const { made, left, swept } = drill.cleanup
    const evidence = [
      { what: 'left of the drill', expected: 'nothing', received: left.length === 0 ? `nothing of ${made.length}: ${made.join(', ')}` : left.join(', ') },
      ...swept.map((one) => ({ what: 'left by an earlier drill that was killed', expected: 'removed', received: one })),
    ]
    if (left.length > 0) return fail('drill.left-over', evidence)
    return swept.some((one) => one.includes('still there')) ? fail('drill.left-over', evidence) : pass(evidence)
  },
  reproduce: (subject, target) => restoreCommand(subject, target),
})
