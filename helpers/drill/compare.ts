import type { Compared } from './observation.ts'

const MOST = 20
export function compare(expected: ReadonlySet<string>, actual: ReadonlySet<string>): Compared {
  return {
    expected: expected.size,
    missing: [...expected].filter((one) => !actual.has(one)).slice(0, MOST),
    unexpected: [...actual].filter((one) => !expected.has(one)).slice(0, MOST),
  }
}
