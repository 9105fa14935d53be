import { test } from 'vitest'
import { currentRun } from '../../helpers/current-run.ts'

currentRun().cases.forEach((one, index) =>
  test(one.subject, { meta: { cases: [index] } }, async () => {
    void Promise.reject(new Error('nobody waits for me'))
    await new Promise((resolve) => setTimeout(resolve, 20))
  }),
)
