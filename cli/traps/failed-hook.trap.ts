import { beforeAll, describe, test } from 'vitest'
import { currentRun } from '../../helpers/current-run.ts'

describe('all', () => {
  beforeAll(() => {
    throw new Error('the hook failed')
  })
  currentRun().cases.forEach((one, index) => test(one.subject, { meta: { cases: [index] } }, () => {}))
})
