import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { headerValue, mediaType } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { pageLoad } from '../../helpers/probes/timing.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { counts, curlBytes, readUpTo, showsPages, statusEvidence } from './shared.ts'

const TEXT = /^(?:text\/|application\/(?:javascript|json|manifest\+json|xml|wasm)|image\/svg\+xml|application\/[a-z.-]+\+(?:json|xml))/
const coded = (seen: HttpObservation): boolean => /^(?:x-)?gzip$|^br$|^zstd$|^deflate$/i.test(headerValue(seen.headers, 'content-encoding')?.trim() ?? '')

export default defineCheck({
  id: 'performance/compression',
  title: 'Large texts come compressed to who accepts it',
  failureTitle: 'Large texts come uncompressed',
  why: 'Text shrinks to a quarter: without compression a page takes four times the bytes, and the round trips for them.',
  source: 'RFC 9110 §8.4; RFC 6928: ten segments (14600 bytes) come in the first flight, above that each doubling is one more round trip',
  severity: 'low',
  codes: {
    'performance.compression.off': {
      meaning: 'A text above the first flight of a connection came uncompressed though gzip and br were offered.',
      fix: 'nginx: gzip on; gzip_types text/css text/javascript application/json image/svg+xml; gzip_proxied any. Caddy: encode zstd gzip.',
    },
  },
  options: { minimumBytes: 14_600 },
  subjects: eachHost((host) => showsPages(host)),
  unless: { skip: 'not-declared', reason: 'no host shows documents' },
  needs: (subject, target) => ({ page: pageLoad(hostOf(subject), readUpTo(target)) }),
  judge: ({ page }, { subject, options }) => {
    const { document, assets } = page
    if (!counts(document, hostOf(subject)))
      return inconclusive('unobserved', `an error was measured: status ${document.status}`, statusEvidence(document, 'a document'))
    const findings: Finding[] = []
    for (const part of [document, ...assets.flatMap(({ seen }) => (seen.ok && seen.value.status < 400 ? [seen.value] : []))]) {
      const type = mediaType(part.headers) ?? ''
      const evidence = {
        ...statusEvidence(part, `compressed, or no text, or no more than ${options.minimumBytes} bytes`),
        received: `${part.wireBytes} bytes of ${type === '' ? 'no type' : type}, ${headerValue(part.headers, 'content-encoding') ?? 'not compressed'}`,
      }
      const fine = coded(part) || !TEXT.test(type) || part.wireBytes <= options.minimumBytes
      // no-transform forbids it to everybody on the way (RFC 9111 §5.2.2.6).
      const forbidden = /(?:^|,)\s*no-transform\s*(?:,|$)/i.test(headerValue(part.headers, 'cache-control') ?? '')
      findings.push(fine || forbidden ? { grade: 'pass', evidence } : { grade: 'fail', code: 'performance.compression.off', evidence })
    }
    return worst(findings)
  },
  reproduce: curlBytes,
  covers: ['C73'],
})
