import { test } from 'vitest'
import { currentRun } from '../../helpers/current-run.ts'

test(currentRun().target.name, { meta: { cases: [0] } }, () => {})
