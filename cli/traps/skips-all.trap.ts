import { test } from 'vitest'
import { currentRun } from '../../helpers/current-run.ts'

test.skip(currentRun().target.name, () => {})
