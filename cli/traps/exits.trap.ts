import { test } from 'vitest'
import { currentRun } from '../../helpers/current-run.ts'

currentRun().cases.forEach((one, index) => test(one.subject, { meta: { cases: [index] } }, () => process.exit(0)))
