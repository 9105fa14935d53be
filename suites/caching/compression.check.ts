import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { headerValues, isObstacle, mediaType } from '../../helpers/headers.ts'
import { codings } from '../../helpers/probes/caching.ts'
import { type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { at, curlHost, showsPages } from './shared.ts'

const TEXT: readonly string[] = [
  'text/html',
  'text/css',
  'text/plain',
  'text/javascript',
  'application/javascript',
  'application/json',
  'application/manifest+json',
  'application/xml',
  'text/xml',
  'image/svg+xml',
]
/** Compressed by their own format: a coding on top costs time and saves nothing. */
const DENSE = /^(?:image\/(?!svg\+xml|x-icon|vnd\.microsoft\.icon|bmp)|video\/|audio\/|font\/woff|application\/(?:zip|gzip|pdf|wasm\+gzip))/
const startsLikeGzip = (body: Uint8Array): boolean => body[0] === 0x1f && body[1] === 0x8b

export default defineCheck({
  id: 'caching/compression',
  title: 'Text is compressed when asked for, and only then',
  failureTitle: 'Compression is not as it should be',
  why: 'Uncompressed scripts load three to five times longer; a coding nobody asked for, or a double one, is rubbish to its reader.',
  source: 'RFC 9110 §8.4, §12.5.3; caching.compression of the target',
  severity: 'low',
  codes: {
    'caching.coding.missing': {
      meaning: 'Text of some size is sent uncompressed although gzip was offered.',
      fix: 'nginx: gzip on; gzip_types text/css application/javascript application/json image/svg+xml; gzip_proxied any;',
    },
    'caching.coding.unasked': {
      meaning: 'A coding was sent that nobody offered.',
      fix: 'Compress by Accept-Encoding only (nginx: gunzip on for files stored compressed).',
    },
    'caching.coding.double': { meaning: 'The body is compressed twice; browsers show rubbish.', fix: 'Compress in one place: proxy or application.' },
    'caching.coding.broken': {
      meaning: 'The body is not what its Content-Encoding says, or a coding that was not offered.',
      fix: 'Look what writes Content-Encoding without compressing; a proxy must not copy it from a file name.',
    },
    'caching.coding.small': {
      meaning: 'A body below the declared size is compressed.',
      fix: 'Raise the threshold (nginx: gzip_min_length; express compression: threshold); Apache and HAProxy below 3.2 have none: leave minimumSize out.',
    },
    'caching.coding.needless': {
      meaning: 'An image or archive, dense already, is compressed again.',
      fix: 'Take its type out of the list of compressed types.',
    },
  },
  /** Smaller text gains nothing (one packet); @default as nginx recommends, a little below one packet */
  options: { minimumSize: 1400 },
  subjects: (target) =>
    target.file.caching?.compression === false
      ? []
      : eachHost((host) => showsPages(host) || (host.kind === 'api' && (host.declared.apiPaths ?? []).length > 0))(target),
  unless: { skip: 'not-applicable', reason: 'no host shows pages or declares API paths, or caching.compression is false' },
  needs: (subject) => ({ seen: codings(hostOf(subject)) }),
  judge: ({ seen }, { target, options }) => {
    const declared = target.file.caching?.compression
    const rule = typeof declared === 'object' ? declared : {}
    const types = new Set((rule.types ?? TEXT).map((one) => one.toLowerCase()))
    const minimum = rule.minimumSize ?? options.minimumSize
    const demanded = declared === undefined ? ('warn' as const) : ('fail' as const)
    const findings: Finding[] = []
    for (const { first, gzip } of seen) {
      if (!gzip.ok) return inconclusive('unobserved', `${first.url} with gzip offered: ${gzip.failure.message} (${gzip.failure.code})`)
      const packed = gzip.value
      if (isObstacle(packed) || packed.status !== first.status)
        return inconclusive('unobserved', `${first.url} answered ${first.status}, with gzip offered ${packed.status}`)
      const type = mediaType(first.headers) ?? ''
      const coded = (one: typeof first): string => headerValues(one.headers, 'content-encoding').join(', ').trim().toLowerCase()
      const size = coded(first) === '' ? first.body.length : packed.body.length
      const shown = `${type || 'no type'}, ${size} bytes; offered nothing: ${coded(first) || 'as it is'}; offered gzip: ${coded(packed) || 'as it is'}`
      const evidence = at(
        packed,
        'Content-Encoding',
        `gzip for text from ${minimum} bytes, when offered`,
        `${shown}${coded(packed) === '' ? '' : ` (${packed.wireBytes} bytes)`}`,
      )
      const say = (grade: Finding['grade'], code: string): void => void findings.push({ grade, code, evidence })
      const unasked = coded(first) !== '' && coded(first) !== 'identity'
      if (unasked) say(demanded, 'caching.coding.unasked')
      if (coded(packed) === '' || coded(packed) === 'identity') {
        const wants = types.has(type) && (first.truncated || size >= minimum)
        if (!unasked) say(wants ? demanded : 'pass', 'caching.coding.missing')
        continue
      }
      // A body cut off by our cap cannot be decoded to its end; that is no fault of its sender.
      if ((packed.decodeFailed && !packed.truncated) || !/^(?:x-)?gzip$/.test(coded(packed)))
        say('fail', coded(packed).includes(',') ? 'caching.coding.double' : 'caching.coding.broken')
      else if (startsLikeGzip(packed.body) && !startsLikeGzip(first.body)) say('fail', 'caching.coding.double')
      else if (DENSE.test(type)) say('warn', 'caching.coding.needless')
      else if (rule.minimumSize !== undefined && size < rule.minimumSize && !first.truncated) say('warn', 'caching.coding.small')
      else if (!unasked) say('pass', 'caching.coding.missing')
    }
    return findings.length === 0 ? skip('not-applicable', 'no document, asset or API route answered with status 200') : worst(findings)
  },
  reproduce: curlHost(undefined, [['Accept-Encoding', 'gzip']]),
  covers: ['C79', 'D37', 'E47'],
})
