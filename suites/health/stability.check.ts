import { defineCheck } from '../../helpers/check.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import type { Attempt, Observed } from '../../helpers/probe.ts'
import { attempt } from '../../helpers/probe.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { blocked, curl, endpoints, entryOf, look, noHealth, statusesOf } from './shared.ts'

const DEFAULT_SAMPLES = 3

export default defineCheck({
  id: 'health/stability',
  title: 'Health is steady over several calls',
  failureTitle: 'Health is not steady',
  why: 'One instance of several that fails, or one that starts over and over, shows only in repeated calls.',
  source: 'health.samples of the target; 3 where it says nothing',
  severity: 'high',
  codes: {
    'health.unstable': { meaning: 'More than one of the calls failed while others succeeded.', fix: 'Ask the instances one by one; look for restarts.' },
    'health.unstable.once': { meaning: 'One of the calls failed.', fix: 'Repeat it with more samples; look for restarts and for a dead upstream in the pool.' },
  },
  options: {},
  // One call alone is neither steady nor unsteady.
  subjects: endpoints((entry) => (entry.samples ?? DEFAULT_SAMPLES) > 1),
  unless: noHealth,
  needs: (subject) => {
    const looks: Record<string, Attempt<HttpObservation>> = {}
    const samples = entryOf(subject).samples ?? DEFAULT_SAMPLES
    for (let index = 0; index < samples; index += 1) looks[`sample${index}`] = attempt(look(subject, index === 0 ? undefined : index))
    return looks
  },
  judge: (seen, { subject }) => {
    const wanted = statusesOf(entryOf(subject))
    const all = Object.values(seen as Record<string, Observed<HttpObservation>>)
    const words = all.map((one) => (one.ok ? String(one.value.status) : one.failure.code))
    const bad = all.filter((one) => !one.ok || !wanted.includes(one.value.status)).length
    if (all.some((one) => one.ok && blocked(one.value))) return inconclusive('unobserved', 'a challenge page stood before the endpoint in some of the calls')
    const evidence = { what: `${all.length} calls`, expected: `${wanted.join(' or ')} every time`, received: words.join(', '), where: subject.name }
    if (all.length === 0 || bad === all.length) return inconclusive('unobserved', 'no call succeeded: there is nothing to be steady', evidence)
    if (bad === 0) return pass(evidence)
    return bad === 1 ? warn('health.unstable.once', evidence) : fail('health.unstable', evidence)
  },
  reproduce: (subject, target) => `for i in 1 2 3 4 5; do ${curl(subject, target)} | head -1; done`,
  covers: ['C13', 'C14'],
})
