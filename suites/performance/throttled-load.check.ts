import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { isObstacle } from '../../helpers/headers.ts'
import { pageLoad } from '../../helpers/probes/timing.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { counts, curlBytes, readUpTo, showsPages, statusEvidence } from './shared.ts'

/** Lighthouse's simulated slow 4G: 1.6 Mbit/s down, 150 ms each way and back. */
const SLOW_4G = { bytesPerSecond: 204_800, roundTripMs: 150 }
/** Before the document's first byte: TCP, TLS 1.3, the request (RFC 9293 §3.5, RFC 8446 §2); its assets cost at least one more. */
const OPENING_ROUND_TRIPS = 3

export default defineCheck({
  id: 'performance/throttled-load',
  title: 'Bytes and round trips leave the page time to load on a slow line',
  failureTitle: 'The page cannot load in time on a slow line',
  why: 'Next to the server everything is fast; most visitors are on a phone.',
  source: 'performance.throttled of the target; the least a line of that speed and distance needs: a page over this bound is too slow in every browser',
  severity: 'medium',
  codes: {
    'performance.throttled.slow': {
      meaning: 'The bytes and round trips of the page alone need more time than declared.',
      fix: 'Compress text, cut scripts and images, drop redirects on the way to the document.',
    },
  },
  options: {},
  subjects: (target) => (target.file.performance?.throttled === undefined ? [] : eachHost((host) => showsPages(host) && host.kind !== 'api')(target)),
  unless: { skip: 'not-declared', reason: 'performance.throttled is not declared' },
  needs: (subject, target) => ({ page: pageLoad(hostOf(subject), readUpTo(target)) }),
  judge: ({ page }, { subject, target }) => {
    const { document, assets } = page
    if (!counts(document, hostOf(subject)))
      return inconclusive('unobserved', `an error was measured: status ${document.status}`, statusEvidence(document, 'a document'))
    const declared = target.file.performance?.throttled
    const bytesPerSecond = declared?.bytesPerSecond ?? SLOW_4G.bytesPerSecond
    const roundTripMs = declared?.roundTripMs ?? SLOW_4G.roundTripMs
    const parts = [document, ...assets.flatMap(({ seen }) => (seen.ok && !isObstacle(seen.value) ? [seen.value] : []))]
    const bytes = parts.reduce((sum, part) => sum + part.wireBytes, 0)
    const roundTrips = OPENING_ROUND_TRIPS + (page.redirects + (assets.length > 0 ? 1 : 0))
    const ms = roundTrips * roundTripMs + (bytes / bytesPerSecond) * 1000
    const budget = declared?.loadMs ?? Number.NaN
    const unclear = page.cut || parts.length <= assets.length || parts.some((part) => part.truncated)
    const evidence = {
      ...statusEvidence(document, `≤ ${budget} ms at ${bytesPerSecond} bytes/s and ${roundTripMs} ms there and back`),
      what: `${document.url} with ${assets.length} assets`,
      received: `at least ${ms.toFixed(0)} ms: ${roundTrips} round trips and ${bytes} bytes`,
    }
    if (!(ms <= budget)) return fail('performance.throttled.slow', evidence)
    return unclear ? inconclusive('unobserved', 'assets failed or parts were not read to their end, so the bytes are not known', evidence) : pass(evidence)
  },
  reproduce: curlBytes,
  covers: ['A159'],
})
