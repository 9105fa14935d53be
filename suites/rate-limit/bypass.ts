/** How ways around a limit are judged: alike for connections, headers and paths. */
import type { LimiterObservation, Tried } from '../../helpers/probes/limiter.ts'
import { type Evidence, type Finding, inconclusive, type Verdict, worst } from '../../helpers/verdict.ts'
import type { Zone } from '../../helpers/zones.ts'
import { evidenceOf, unrefused } from './shared.ts'

/** Let through every time while ordinary requests beside it were refused: around it. Let through like others now and then: the limit refilled. */
function judged(one: Tried, look: LimiterObservation, zone: Zone, code: string): Finding | 'unclear' {
  const tell = (received: string): Evidence => evidenceOf(look, 'refused, like every request beyond the limit', received, one.name)
  const { again } = one
  if (one.fate === 'broken') return 'unclear'
  if (again === undefined)
    return { grade: 'pass', evidence: tell(one.fate === 'admitted' ? `another answer: ${one.answer.status}` : `refused: ${one.answer.status}`) }
  const told = tell(
    `${again.admitted} of ${again.times} let through, while ${again.ordinaryRefused} of ${again.ordinary} ordinary requests beside them were refused`,
  )
  // What came in while they were under way may have gone to them.
  const refilled = Math.floor((again.tookMs * (zone.limit?.perSecond ?? 0)) / 1_000) + 1
  // A window that opened meanwhile opened for all.
  if (zone.limit?.windowMs !== undefined && again.ordinaryRefused < again.ordinary && again.admitted > 0) return 'unclear'
  if (again.admitted < again.times)
    return again.admitted > refilled + again.times / 2 ? { grade: 'fail', code, evidence: told } : { grade: 'pass', evidence: told }
  // So many ordinary ones got through that there was something left for all.
  if (again.ordinary - again.ordinaryRefused > refilled || 2 * again.ordinaryRefused < again.ordinary) return 'unclear'
  if (again.ordinaryRefused === 0 || (zone.limit?.windowMs === undefined && refilled >= again.times + again.ordinary)) return 'unclear'
  return { grade: 'fail', code, evidence: told }
}

export function bypassVerdict(look: LimiterObservation, zone: Zone, kinds: readonly Tried['kind'][], code: string): Verdict {
  const nothing = unrefused(look)
  if (nothing !== undefined) return nothing
  const tried = look.tried.filter(({ kind }) => kinds.includes(kind))
  if (tried.length === 0) return inconclusive('unobserved', 'the look ended before it was tried')
  const findings = tried.map((one) => judged(one, look, zone, code))
  const clear = findings.filter((finding) => finding !== 'unclear')
  if (clear.length < findings.length && !clear.some(({ grade }) => grade === 'fail'))
    return inconclusive(
      'unobserved',
      'the limit refills faster than requests travel, so what got through proves nothing',
      clear.map(({ evidence }) => evidence),
    )
  return worst(clear)
}
