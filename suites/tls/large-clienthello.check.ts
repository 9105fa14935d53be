import { defineCheck, hostOf } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { type HelloSample, type HelloSizes, helloSizes, largeHello, unknownValues } from '../../helpers/probes/tls-behaviour.ts'
import { isFullDepth } from '../../helpers/target.ts'
import { type Evidence, fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { noHosts, showHello, tlsHosts } from './shared.ts'

const lost = (samples: readonly HelloSample[]): readonly HelloSample[] => samples.filter(({ result }) => result === 'lost')
const ENOUGH = 6
const SLOWER = 2
/** Below that, a difference is the second segment's way and the machine's mood. */
const SLOWER_MS = 200

const median = (samples: readonly HelloSample[]): number => {
  const times = samples.flatMap(({ answerMs }) => (answerMs === undefined ? [] : [answerMs])).sort((a, b) => a - b)
  return times[Math.floor(times.length / 2)] ?? Number.NaN
}

const arm = (name: string, samples: readonly HelloSample[]): string => {
  const gone = lost(samples)
  return `${name}: ${samples.length} sent, ${gone.length === 0 ? 'none lost' : `${gone.length} lost (${gone[0]?.what ?? ''}: ${gone[0]?.how ?? ''})`}`
}

export default defineCheck({
  id: 'tls/large-clienthello',
  title: 'Long hellos, as clients with ML-KEM send them, always arrive',
  failureTitle: 'Long hellos, as clients with ML-KEM send them, get lost',
  why: 'A hello with an ML-KEM share does not fit one TCP segment; servers and boxes before them that read only the first one break every browser since 2024, often on one back end of several.',
  source: 'RFC 8446 §4.1.2; RFC 10024; openssl issues 27557 and 27601',
  severity: 'medium',
  codes: {
    'tls.hello.large-lost': {
      meaning: 'Hellos longer than one segment get no answer (reset, end, silence) while short ones do.',
      fix: 'Update the load balancer, firewall or TLS library that reads the hello in one piece; look at every back end by itself.',
    },
    'tls.hello.large-lost-once': {
      meaning:
        'One long hello got no answer; the series that followed did. One back end of several may be broken, or something in that hello alone (its list of 140 suites) is not read.',
      fix: 'Run again with --depth full (30 pairs), and against each back end by its address; if every run says so, look for what limits the number of suites.',
    },
    'tls.hello.large-slow': {
      meaning: 'Long hellos are answered, but take more than twice as long as short ones.',
      fix: 'Look at the box that inspects hellos; it waits before it gives up on the second segment.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject, target) => {
    const asked = { host: hostOf(subject).fqdn }
    return { sizes: helloSizes(asked, isFullDepth(target) ? 'full' : 'default'), unknown: attempt(unknownValues(asked)) }
  },
  judge: ({ sizes, unknown }) => {
    const { pairs = [], retried } = sizes
    // A hello that is lost for the unknown values in it is tls/version-intolerance's finding.
    const allergic = unknown.ok && !unknown.value.greased.ok && unknown.value.plain?.ok === true
    const before = sizes.large.filter(({ grease, result }) => !(allergic && grease === true && result === 'lost'))
    const inSeries = { large: pairs.map(({ large }) => large), small: pairs.map(({ small }) => small) }
    const large = [...before, ...inSeries.large]
    const small = [...sizes.small, ...inSeries.small]
    const evidence = evidenceOf(sizes, large, small, pairs.length)
    const gone = { large: lost(large).length, small: lost(small).length, series: lost(inSeries.large).length }
    if (large.length === 0) return inconclusive('unobserved', 'no long hello could be sent', evidence)
    if (gone.large > 0 && gone.small === 0) {
      if (gone.series > 0) return fail('tls.hello.large-lost', evidence)
      return pairs.length === 0
        ? inconclusive('unobserved', 'a long hello got no answer, and no series followed that could tell why', evidence)
        : warn('tls.hello.large-lost-once', evidence)
    }
    if (gone.large > 0) return inconclusive('unobserved', 'short hellos get lost as well as long ones', evidence)
    if (sizes.pairs?.length === 0) return inconclusive('unobserved', 'no pair of hellos could be sent', evidence)
    const slow = median(inSeries.large)
    const fast = median(inSeries.small)
    if (pairs.length >= ENOUGH && slow > SLOWER * fast && slow - fast > SLOWER_MS) return warn('tls.hello.large-slow', evidence, 'low')
    return retried.length > 0 && pairs.length === 0
      ? inconclusive('unobserved', `${retried.join(', ')} was answered only at the second try, and no series followed`, evidence)
      : pass(evidence)
  },
  reproduce: showHello((asked) => largeHello(asked)),
})

function evidenceOf(sizes: HelloSizes, large: readonly HelloSample[], small: readonly HelloSample[], pairs: number): readonly Evidence[] {
  const { retried, peer } = sizes
  const where = peer === undefined ? {} : { where: peer }
  const first = large.at(-1)?.at
  const received = [arm('long', large), arm('short', small), ...(retried.length === 0 ? [] : [`answered at the second try only: ${retried.join(', ')}`])]
  const remark =
    pairs > 0
      ? `${pairs} pairs of one long and one short hello in turn`
      : large.length < ENOUGH
        ? `no loss, so no series; ${large.length} long hellos would not show one broken back end of many (--depth full sends 30 pairs)`
        : 'no loss, so no series'
  return [
    {
      what: 'hellos longer than one segment, and shorter ones',
      expected: 'all answered',
      received: `${received.join('; ')}; ${remark}`,
      ...where,
      ...(first === undefined ? {} : { at: first }),
    },
  ]
}
