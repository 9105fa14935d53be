/** What the checks of journeys share: declared journeys as subjects, one walk for all checks, the picture of it. */
import type { Subject } from '../../helpers/check.ts'
import type { TimelineFigure } from '../../helpers/figure.ts'
import type { Probe } from '../../helpers/probe.ts'
import { type JourneyLook, type StepLook, stepFailed, walkJourney } from '../../helpers/probes/journey.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import type { Target } from '../../helpers/target.ts'
import type { Journey } from '../../helpers/target/journeys.ts'
import type { Evidence } from '../../helpers/verdict.ts'

export const journeyOf = (subject: Subject): Journey => subject.item as Journey
const hostOfStep = (journey: Journey, target: Target): string | undefined => {
  const url = journey.steps.flatMap((step) => ('browser' in step ? step.browser.flatMap((one) => ('open' in one ? [one.open] : [])) : [step.url]))[0]
  const name = url?.replaceAll('{domain}', target.domain)
  return name !== undefined && URL.canParse(name) ? new URL(name).hostname : undefined
}
export const inBrowser = (journey: Journey): boolean => journey.steps.some((step) => 'browser' in step)
export const journeys =
  (keep: (journey: Journey) => boolean = () => true) =>
  (target: Target): readonly Subject[] =>
    (target.file.journeys ?? []).filter(keep).map((journey) => {
      const name = hostOfStep(journey, target)
      const host = target.hosts.find(({ fqdn }) => fqdn === name)
      return { name: journey.id, ...(host === undefined ? {} : { host }), item: journey }
    })
export const walkOf = (subject: Subject, target: Target): Probe<JourneyLook> => walkJourney(journeyOf(subject), target)

/** Whether nothing was left out that belongs to the journey itself. */
export const complete = (subject: Subject, look: JourneyLook): boolean => {
  const own = look.steps.filter(({ kind }) => kind !== 'clean-up')
  return own.length === journeyOf(subject).steps.length && own.every((step) => !stepFailed(step) && step.leftOut === undefined)
}
export const at = (step: StepLook, what: string, expected: string, received: string): Evidence => ({
  what: `${step.name}: ${what}`,
  expected,
  received,
  where: `${step.what}${step.peer === undefined ? '' : ` (${step.peer})`}`,
  at: step.at,
})
export function timeline(look: JourneyLook): TimelineFigure {
  return {
    kind: 'timeline',
    title: `journey ${look.id}`,
    spans: look.steps.map((step) => ({
      label: step.name,
      startMs: step.startMs,
      endMs: step.endMs,
      outcome: step.leftOut !== undefined ? 'skip' : stepFailed(step) ? 'fail' : step.troubles.length > 0 ? 'warn' : 'pass',
      ...(step.leftOut !== undefined
        ? { note: step.leftOut }
        : step.status === undefined
          ? {}
          : { note: `${step.status}${step.tries > 1 ? `, at try ${step.tries}` : ''}` }),
    })),
  }
}
export const show = (subject: Subject, target: Target, evidence?: readonly Evidence[]): string => {
  const journey = journeyOf(subject)
  const said = evidence?.[0]?.what ?? ''
  const requests = [...journey.steps, ...(journey.cleanUp ?? [])].filter((step) => !('browser' in step))
  // The step of which the verdict speaks; the first one where it speaks of none.
  const first = requests.find(({ name }) => said.startsWith(`${name}: `)) ?? requests[0]
  const url =
    first === undefined || 'browser' in first
      ? `https://${hostOfStep(journeyOf(subject), target) ?? target.domain}/`
      : first.url.replaceAll('{domain}', target.domain)
  return curlFor(target, url, {
    ...(first === undefined || 'browser' in first || first.method === undefined ? {} : { method: first.method }),
    flags: ['-sS', '-i'],
  })
}
