import { defineCheck } from '../../helpers/check.ts'
import type { Expected } from '../../helpers/probes/journey.ts'
import { type Finding, illustrated, inconclusive, type Verdict, worst } from '../../helpers/verdict.ts'
import { at, complete, journeyOf, journeys, show, timeline, walkOf } from './shared.ts'

const CODES = {
  status: 'journeys.step.status',
  json: 'journeys.step.value',
  header: 'journeys.step.value',
  items: 'journeys.step.items',
  content: 'journeys.step.content',
  text: 'journeys.step.empty-page',
  streamed: 'journeys.step.buffered',
  time: 'journeys.step.slow',
  capture: 'journeys.step.capture',
} as const satisfies Record<Expected['kind'], string>

export default defineCheck({
  id: 'journeys/steps',
  title: 'The journey succeeds, step by step',
  failureTitle: 'The journey ends before its goal',
  why: 'Pages that answer 200 prove little: what counts is that somebody who signs in, asks and stores gets what they came for.',
  source: 'journeys of the target',
  severity: 'critical',
  codes: {
    'journeys.step.status': {
      meaning: 'A step was answered with another status than expected.',
      fix: 'Walk the step by hand with the command of this verdict, and look into the log of the service behind it.',
    },
    'journeys.step.value': {
      meaning: 'A value of the answer is not as expected.',
      fix: 'Look whether the service behind it answers with real data, or with a constant.',
    },
    'journeys.step.items': {
      meaning: 'A list has too few or too many entries.',
      fix: 'Look whether the data are there, and whether what should work them off runs.',
    },
    'journeys.step.content': {
      meaning: 'The answer lacks a text, or holds one that must not be there.',
      fix: 'Look at what was answered instead: a fallback page, or data of somebody else.',
    },
    'journeys.step.empty-page': {
      meaning: 'The page shows too little text to be what it should be.',
      fix: 'Route the path to the page itself; a fallback of the frontend answers 200 for everything.',
    },
    'journeys.step.buffered': {
      meaning: 'An answer that should flow came at once at the end.',
      fix: 'nginx: proxy_buffering off, or X-Accel-Buffering: no from the service.',
    },
    'journeys.step.slow': { meaning: 'A step took longer than it may.', fix: 'Look where the time goes: the timeline shows each step.' },
    'journeys.step.capture': { meaning: 'The answer lacks what later steps need.', fix: 'Compare the answer with the `capture` of the step.' },
    'journeys.step.no-answer': {
      meaning: 'A step got no usable answer.',
      fix: 'Look whether the service behind it lives; the evidence names what ended the connection.',
    },
    'journeys.step.page': {
      meaning: 'Something in the page could not be done or did not appear.',
      fix: 'Open the page in a browser with its console and do the same.',
    },
  },
  options: {},
  subjects: journeys(),
  unless: { skip: 'not-declared', reason: 'the target declares no journeys' },
  needs: (subject, target) => ({ look: walkOf(subject, target) }),
  judge: ({ look }, { subject }): Verdict => {
    const own = look.steps.filter(({ kind }) => kind !== 'clean-up')
    const misused = own.flatMap((step) => step.expected.flatMap((one) => (one.misused === undefined ? [] : [`${step.name}: ${one.misused}`])))
    if (misused.length > 0) return inconclusive('misused', misused.join('; '))
    const over = own.find(({ beyond }) => beyond !== undefined)
    if (over !== undefined)
      return inconclusive(
        'unobserved',
        `the pages of "${over.name}" wanted to send more than ${over.beyond ?? 0} requests and were closed: raise maxRequests of the step if they need more`,
        over.actions.map((one) => at(over, one.what, 'done', one.detail)),
      )
    const obstacle = own.find((step) => step.status === 429 && !step.expected.some(({ kind, ok }) => kind === 'status' && ok))
    const findings = own.flatMap((step): readonly Finding[] => {
      if (step.leftOut !== undefined)
        return [{ grade: 'fail', code: 'journeys.step.capture', evidence: at(step, 'what it needs', 'captured by a step before', step.leftOut) }]
      if (step.failure !== undefined)
        return [{ grade: 'fail', code: 'journeys.step.no-answer', evidence: at(step, 'answer', 'an answer', `${step.failure.message} (${step.failure.code})`) }]
      return [
        ...step.expected.map(
          (one): Finding => ({ grade: one.ok ? 'pass' : 'fail', code: CODES[one.kind], evidence: at(step, one.what, one.expected, one.received) }),
        ),
        ...step.actions.map(
          (one): Finding => ({ grade: one.ok ? 'pass' : 'fail', code: 'journeys.step.page', evidence: at(step, one.what, 'done', one.detail) }),
        ),
      ]
    })
    if (obstacle !== undefined)
      return inconclusive(
        'unobserved',
        `a limiter answered at "${obstacle.name}"`,
        findings.map(({ evidence }) => evidence),
      )
    const verdict = worst(findings)
    if (verdict.outcome === 'pass' && !complete(subject, look))
      return inconclusive('defect', `${own.length} of ${journeyOf(subject).steps.length} steps were walked`)
    return illustrated(verdict, timeline(look))
  },
  reproduce: show,
  covers: ['A95', 'A96', 'A97', 'A98', 'A99', 'C17', 'C18', 'D44', 'D45', 'E51', 'E52', 'E53', 'E54', 'E55', 'E56'],
})
