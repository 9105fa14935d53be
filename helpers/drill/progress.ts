/** How far a drill is, for whoever shows it: phases as they begin and end, and the share of the restore that is done. */
import type { PhaseName } from './observation.ts'

export interface DrillProgress {
  readonly entry: string
  readonly phase: PhaseName
  readonly detail: string
  readonly state: 'begun' | 'ended' | 'moved'
  readonly elapsedMs: number
  /** From what was read of what there is to read. */
  readonly percent?: number
  readonly etaSeconds?: number
}
type Listener = (progress: DrillProgress) => void
const listeners = new Set<Listener>()

/** @returns stops listening */
export function onDrillProgress(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
export function drillProgress(progress: DrillProgress): void {
  for (const listener of listeners) listener(progress)
}
