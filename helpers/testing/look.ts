/** Probes as a run looks at them, without a check around them. For tests. */
import { Observer } from '../observer.ts'
import type { Observed, Probe } from '../probe.ts'
import type { Target } from '../target.ts'

/** Looks at these side by side through one memo, then puts every connection away. */
export async function look<T>(target: Target, ...probes: readonly Probe<T>[]): Promise<readonly Observed<T>[]> {
  const observer = new Observer(target)
  try {
    return await Promise.all(probes.map((probe) => observer.observe(probe)))
  } finally {
    await observer.close()
  }
}

/** What was seen. @throws Error with the failure where nothing was */
export function valueOf<T>(observed: Observed<T> | undefined): T {
  if (observed?.ok !== true) throw new Error(`not seen: ${JSON.stringify(observed?.failure)}`)
  return observed.value
}
