import { shellQuote } from '../../helpers/reproduce.ts'
import { defineCheck } from '../../helpers/check.ts'
import { fail, pass } from '../../helpers/verdict.ts'

interface Waiver {
  readonly check: string
  readonly subject: string
  readonly reason: string
  readonly owner: string
  readonly expires: string
}

const DAY_MS = 86_400_000

export default defineCheck({
  id: 'run/waivers',
  title: 'Accepted risks are within their term',
  failureTitle: 'An accepted risk has expired',
  why: 'A waiver lets a known failure through the gate for a limited time; past its date nobody answers for the risk any more.',
  source: 'postproof: design, gate and waivers',
  severity: 'high',
  codes: {
    'run.waiver-expired': {
      meaning: 'The last day of a waiver has passed.',
      fix: 'Repair what it covers and remove it, or let its owner decide again and set a new date.',
    },
  },
  options: {},
  subjects: (target) => (target.file.waivers ?? []).map((waiver) => ({ name: `${waiver.check} ${waiver.subject}`, item: waiver })),
  unless: { skip: 'not-declared', reason: 'the target declares no waiver' },
  needs: () => ({}),
  judge: (_seen, { subject, now }) => {
    const waiver = subject.item as Waiver
    const end = Date.parse(waiver.expires) + DAY_MS
    const evidence = {
      what: `waiver of ${waiver.owner}: ${waiver.reason}`,
      expected: `today is on or before ${waiver.expires}`,
      received: now.toISOString().slice(0, 10),
    }
    return now.getTime() < end ? pass(evidence) : fail('run.waiver-expired', evidence)
  },
  reproduce: (subject, { folder = '.' }) =>
    `grep -sn -A4 -e ${shellQuote((subject.item as Waiver | undefined)?.check ?? 'waivers')} ${['yaml', 'yml', 'ts'].map((kind) => `${shellQuote(`${folder}/`)}*.${kind}`).join(' ')}`,
})
