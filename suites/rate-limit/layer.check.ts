import { defineCheck } from '../../helpers/check.ts'
import { headerValue } from '../../helpers/headers.ts'
import { type LimiterObservation, limiterLook } from '../../helpers/probes/limiter.ts'
import { beside, fitsMarker } from '../../helpers/rejection.ts'
import { type Evidence, fail, inconclusive, pass, type Verdict } from '../../helpers/verdict.ts'
import type { Zone } from '../../helpers/zones.ts'
import { curlMany, eachZone, evidenceOf, unclear, zoneOf } from './shared.ts'

/** Of limits that count the same requests: who refused first, and after how many. */
function firstReached(look: LimiterObservation, zone: Zone, others: readonly Zone[]): readonly Evidence[] {
  if (others.length === 0) return []
  const asked = look.samples.filter(({ phase }) => phase !== 'recovery').sort((a, b) => a.sentMs - b.sentMs)
  const answering = (one: Zone) => (sample: (typeof asked)[number]) =>
    one === zone ? sample.fate === 'refused' : sample.fate === 'refused elsewhere' && fitsMarker(one.declared, sample) === true
  const reached = [zone, ...others]
    .map((one) => ({ one, before: asked.findIndex(answering(one)) }))
    .sort((a, b) => (a.before < 0 ? asked.length : a.before) - (b.before < 0 ? asked.length : b.before))
  const declared = [zone, ...others].flatMap(({ name, limit }) => (limit === undefined ? [] : [`${name} ${limit.atOnce}`]))
  const told = reached.map(({ one, before }) =>
    before < 0 ? `${one.name} is not reached in ${asked.length} requests` : `${one.name} after ${before} requests`,
  )
  return [evidenceOf(look, `admitted at once: ${declared.join(', ') || 'not declared'}`, told.join(', '), 'which limit refuses first')]
}

export default defineCheck({
  id: 'rate-limit/layer',
  title: 'Refusals come from the layer that is declared',
  failureTitle: 'Refusals come from another layer, or from none',
  why: 'A limit in the application lets every request into it first; one at the edge that is missing is not noticed as long as the other answers.',
  source: 'rateLimits.rejection: how refusals of this layer look',
  severity: 'medium',
  codes: {
    'rate-limit.layer': {
      meaning: 'Requests are refused, yet not by the declared layer.',
      fix: 'Look whether limit_req stands in the location that serves the path, and limit_req_zone in http.',
    },
  },
  options: {},
  subjects: eachZone(({ declared }) => declared.rejection !== undefined),
  unless: { skip: 'not-declared', reason: 'how refusals look (rateLimits.rejection) is not declared' },
  needs: (subject, target) => ({ look: limiterLook(zoneOf(subject), target) }),
  judge: ({ look }, { subject, target }): Verdict => {
    const nothing = unclear(look)
    if (nothing !== undefined) return nothing
    const zone = zoneOf(subject)
    const { declared } = zone
    const refused = look.samples.filter(({ fate }) => fate === 'refused' || fate === 'refused elsewhere')
    if (refused.length === 0) return inconclusive('unobserved', 'nothing was refused, so there is nothing to judge', evidenceOf(look, 'a refusal', 'none'))
    const own = refused.filter((sample) => fitsMarker(declared, sample) === true)
    const strange = refused.find((sample) => sample.fate === 'refused' && fitsMarker(declared, sample) !== true)
    const shown = strange ?? refused.find(({ fate }) => fate === 'refused elsewhere')
    const told = evidenceOf(
      look,
      `refusals of the ${declared.layer ?? 'edge'}: ${JSON.stringify(declared.rejection)}`,
      `${own.length} of ${refused.length} refusals look so${shown === undefined ? '' : `; another: ${shown.status} ${headerValue(shown.headers, 'content-type') ?? 'without a type'} ${JSON.stringify(shown.body.slice(0, 80))}`}`,
    )
    const evidence = [told, ...firstReached(look, zone, beside(zone, target))]
    return own.length > 0 && strange === undefined ? pass(evidence) : fail('rate-limit.layer', evidence)
  },
  reproduce: (subject, target) => curlMany(subject, target),
  covers: ['A37', 'A39', 'D21'],
})
