/** The levels of a declared rollback as subjects, and what the checks look at. */
import type { Subject } from '../../helpers/check.ts'
import type { PartSeen, ProofSeen, Rehearsal } from '../../helpers/drill/rehearsal.ts'
import type { TimelineFigure } from '../../helpers/figure.ts'
import type { Probe } from '../../helpers/probe.ts'
import { type RollbackLevel, rollbackRehearsal } from '../../helpers/probes/rollback.ts'
import { shellQuote } from '../../helpers/reproduce.ts'
import type { Target } from '../../helpers/target.ts'
import type { RollbackFile } from '../../helpers/target/rollback.ts'
import { type Finding, inconclusive, type Verdict } from '../../helpers/verdict.ts'

export const notDeclared = { skip: 'not-declared', reason: 'the target declares no `rollback`' } as const
export const lacks = (what: string): { readonly skip: 'not-declared'; readonly reason: string } => ({
  skip: 'not-declared',
  reason: `the target declares no rollback.${what}`,
})

/** One subject per level. */
export const eachLevel =
  (keep: (rollback: RollbackFile) => boolean = () => true) =>
  ({ file: { rollback } }: Target): readonly Subject[] =>
    rollback === undefined || !keep(rollback) ? [] : rollback.levels.map((level) => ({ name: `rollback ${level.level}`, item: level }))

export const levelOf = (subject: Subject): RollbackLevel => subject.item as RollbackLevel
export const declared = ({ file: { rollback } }: Target): RollbackFile => {
  if (rollback === undefined) throw new TypeError('a target without rollback has no level to judge')
  return rollback
}
export const looks = (subject: Subject, target: Target): { readonly rehearsal: Probe<Rehearsal> } => ({
  rehearsal: rollbackRehearsal(declared(target), levelOf(subject)),
})

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
export { seconds }

/** What was there before the deployment could not be made: nothing that follows says anything. */
export function unprepared({ prepared }: Rehearsal): Verdict | undefined {
  const failed = prepared?.steps.find(({ done }) => !done)
  return failed === undefined
    ? undefined
    : inconclusive('misused', `the state before the deployment could not be made: ${failed.name}: ${failed.received}`, {
        what: `rollback.prepare: ${failed.name}`,
        expected: 'done',
        received: failed.received,
      })
}

export const stepFindings = (part: PartSeen, code: string): readonly Finding[] =>
  part.steps.map(({ name, startMs, endMs, done, received }) => ({
    grade: done ? ('pass' as const) : ('fail' as const),
    code,
    evidence: {
      what: `step ${name}`,
      expected: 'done',
      received: `${received} after ${seconds(endMs - startMs)}${done || part.untried.length === 0 ? '' : `; not tried any more: ${part.untried.join(', ')}`}`,
    },
  }))
export const proofFindings = (proofs: readonly ProofSeen[], code: string): readonly Finding[] =>
  proofs.map(({ name, held, expected, received, afterMs }) => ({
    grade: held ? ('pass' as const) : ('fail' as const),
    code,
    evidence: { what: `proof ${name}`, expected, received: `${received} after ${seconds(afterMs)}` },
  }))

/** Deployment and way back, step by step, on one line of time. */
export const timelineOf = ({ level, deployed, rolledBack }: Rehearsal): TimelineFigure => ({
  kind: 'timeline',
  title: `Deployment and ${level} rollback`,
  spans: [deployed, rolledBack].flatMap((part, index) =>
    part.steps.map(({ name, startMs, endMs, done, received }) => ({
      label: `${index === 0 ? 'deploy' : 'back'}: ${name}`,
      startMs,
      endMs,
      outcome: done ? ('pass' as const) : ('fail' as const),
      note: received,
    })),
  ),
})

/** The declared steps in a copy of the folder, by hand. */
export function byHand(subject: Subject, target: Target): string {
  const rollback = declared(target)
  const words = [...rollback.deploy.steps, ...levelOf(subject).steps].flatMap(({ run, background }) =>
    run === undefined
      ? []
      : [`${run.map((word) => shellQuote(word.replaceAll('{port}', '8080').replaceAll('{folder}', '.'))).join(' ')}${background === true ? ' &' : ''}`],
  )
  const copy = rollback.folder === undefined ? 'cd "$(mktemp -d)"' : `d="$(mktemp -d)" && cp -a ${shellQuote(`${rollback.folder}/.`)} "$d" && cd "$d"`
  return [copy, 'export PORT=8080', ...words].join(' && ').replaceAll('& && ', '& ')
}
