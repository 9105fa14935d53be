import { defineCheck } from '../../helpers/check.ts'
import { fail, pass } from '../../helpers/verdict.ts'
import { byHand, eachLevel, looks, notDeclared } from './shared.ts'

export default defineCheck({
  id: 'rollback/cleanup',
  title: 'The rehearsal leaves nothing behind',
  failureTitle: 'The rehearsal left something behind',
  why: 'A copy of a deployment holds its secrets. What was made for the rehearsal must be gone after it, programs and files.',
  source: 'the folder of the rehearsal and everything that was started in it, looked for afterwards',
  severity: 'medium',
  codes: { 'rollback.left-behind': { meaning: 'Something of the rehearsal is still there.', fix: 'Remove by hand what the evidence names.' } },
  options: {},
  subjects: eachLevel(),
  unless: notDeclared,
  needs: looks,
  judge: ({ rehearsal: { cleanup } }) => {
    const evidence = {
      what: `${cleanup.made.length} things made by the rehearsal`,
      expected: 'all of them gone',
      received:
        cleanup.left.length === 0
          ? `gone${cleanup.swept.length === 0 ? '' : `; also removed: ${cleanup.swept.slice(0, 5).join(', ')}`}`
          : `still there: ${cleanup.left.join(', ')}`,
    }
    return cleanup.left.length === 0 ? pass(evidence) : fail('rollback.left-behind', evidence)
  },
  reproduce: byHand,
})
