/** The small readers of response headers: the standards' examples, then what servers really send. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ancestorAllowed, readContentSecurityPolicies, readMetaPolicy, scriptNonces, scriptOpenings } from './content-security-policy.ts'
import { isJsonType, isScriptType, readContentType } from './content-type.ts'
import { readEmbedderPolicy, readOpenerPolicy, readResourcePolicy } from './cross-origin.ts'
import { readStartTags } from './html.ts'
import { readPermissionsPolicy } from './permissions-policy.ts'
import { readMetaReferrer, readReferrerPolicy } from './referrer-policy.ts'
import { readReportingEndpoints, readReportTo } from './reporting-endpoints.ts'
import { readStrictTransportSecurity } from './strict-transport-security.ts'
import { readIntegrity } from './subresource-integrity.ts'
import { readContentTypeOptions } from './x-content-type-options.ts'
import { readFrameOptions } from './x-frame-options.ts'

describe('Referrer-Policy', () => {
  test.each([
    [['no-referrer'], { policy: 'no-referrer', unknown: [] }],
    [[' Strict-Origin-When-Cross-Origin '], { policy: 'strict-origin-when-cross-origin', unknown: [] }],
    [['no-referrer, unsafe-url'], { policy: 'unsafe-url', unknown: [] }],
    [['no-referrer, whimsy'], { policy: 'no-referrer', unknown: ['whimsy'] }],
    [['whimsy'], { unknown: ['whimsy'] }],
    [['no-referrer', 'same-origin'], { policy: 'same-origin', unknown: [] }],
    [['no-referrer;'], { unknown: ['no-referrer;'] }],
    [['"no-referrer"'], { unknown: ['"no-referrer"'] }],
    [['', ' , '], { unknown: [] }],
    [[], { unknown: [] }],
    [['no-referrer same-origin'], { unknown: ['no-referrer same-origin'] }],
  ])('%j', (fields, expected) => expect(readReferrerPolicy(fields)).toEqual(expected))
  test('in a meta element', () => {
    expect(readMetaReferrer(' NEVER ')).toBe('no-referrer')
    expect(readMetaReferrer('unsafe-url')).toBe('unsafe-url')
    expect(readMetaReferrer('no-referrer, unsafe-url')).toBeUndefined()
  })
})

describe('X-Frame-Options', () => {
  test.each([
    [[], { kind: 'absent' }],
    [['DENY'], { kind: 'deny', repeated: false }],
    [[' SameOrigin\t'], { kind: 'sameorigin', repeated: false }],
    [['SAMEORIGIN, SAMEORIGIN'], { kind: 'sameorigin', repeated: true }],
    [['DENY', 'deny'], { kind: 'deny', repeated: true }],
    [['DENY', 'SAMEORIGIN'], { kind: 'conflict', values: ['deny', 'sameorigin'] }],
    [['SAMEORIGIN, none'], { kind: 'conflict', values: ['sameorigin', 'none'] }],
    [['ALLOW-FROM https://app.example.com'], { kind: 'ignored', values: ['allow-from https://app.example.com'], allowFrom: true }],
    [['ALLOWALL'], { kind: 'ignored', values: ['allowall'], allowFrom: false }],
    [['"DENY"'], { kind: 'ignored', values: ['"deny"'], allowFrom: false }],
    [['DENY;'], { kind: 'ignored', values: ['deny;'], allowFrom: false }],
    [[''], { kind: 'ignored', values: [''], allowFrom: false }],
  ])('%j', (fields, expected) => expect(readFrameOptions(fields)).toEqual(expected))
})

describe('X-Content-Type-Options', () => {
  test.each([
    [['nosniff'], true],
    [['NoSniff '], true],
    [['nosniff, nosniff'], true],
    [['nosniff', 'other'], true],
    [['other, nosniff'], false],
    [['nosniff;'], false],
    [['"nosniff"'], false],
    [['no-sniff'], false],
    [[''], false],
    [[], false],
  ])('%j', (fields, expected) => expect(readContentTypeOptions(fields).nosniff).toBe(expected))
})

describe('Content-Type', () => {
  const plain = (value: string) => {
    const read = readContentType(value)
    return read.ok ? [read.essence, Object.fromEntries(read.parameters), read.flaws] : read.error
  }
  test.each([
    ['text/html; charset=utf-8', ['text/html', { charset: 'utf-8' }, []]],
    ['Text/HTML;Charset="utf-8"', ['text/html', { charset: 'utf-8' }, []]],
    ['text/html; charset="utf-8"', ['text/html', { charset: 'utf-8' }, []]],
    ['application/problem+json', ['application/problem+json', {}, []]],
    ['multipart/form-data; boundary="a;b"; x=y', ['multipart/form-data', { boundary: 'a;b', x: 'y' }, []]],
    ['text/html;', ['text/html', {}, []]],
    ['text/html;;charset=a', ['text/html', { charset: 'a' }, []]],
    ['text/html; charset=a; charset=b', ['text/html', { charset: 'a' }, ['charset appears twice']]],
    ['text/html; charset = utf-8', ['text/html', { charset: 'utf-8' }, []]],
    ['text/html; charset', ['text/html', {}, ['charset']]],
    ['text/html; charset=ü', ['text/html', {}, ['charset=ü']]],
    ['text/html, application/json', '"text/html, application/json" is no media type'],
    ['text', '"text" is no media type'],
    ['text/', '"text/" is no media type'],
    ['text/html charset=utf-8', '"text/html charset=utf-8" is no media type'],
    ['', 'empty'],
    ['   ', 'empty'],
    ['x'.repeat(65_537), '65537 characters'],
  ])('%j', (value, expected) => expect(plain(value)).toEqual(expected))
  test('classes of types', () => {
    const of = (value: string) => readContentType(value) as Extract<ReturnType<typeof readContentType>, { ok: true }>
    expect(['application/json', 'text/json', 'application/ld+json', 'text/html'].map((value) => isJsonType(of(value)))).toEqual([true, true, true, false])
    expect(['text/javascript', 'application/javascript', 'application/x-javascript', 'application/json'].map((value) => isScriptType(of(value)))).toEqual([
      true,
      true,
      true,
      false,
    ])
  })
})

describe('isolation', () => {
  test.each([
    [readOpenerPolicy, ['same-origin'], 'same-origin'],
    [readOpenerPolicy, ['same-origin-allow-popups; report-to="coop"'], 'same-origin-allow-popups'],
    [readOpenerPolicy, ['noopener-allow-popups'], 'noopener-allow-popups'],
    [readOpenerPolicy, ['Same-Origin'], 'malformed'],
    [readOpenerPolicy, ['SAME-ORIGIN'], 'malformed'],
    [readOpenerPolicy, ['"same-origin"'], 'malformed'],
    [readOpenerPolicy, ['same-origin, same-origin'], 'malformed'],
    [readOpenerPolicy, ['same-origin', 'same-origin'], 'malformed'],
    [readOpenerPolicy, [''], 'malformed'],
    [readOpenerPolicy, [], 'absent'],
    [readEmbedderPolicy, ['require-corp'], 'require-corp'],
    [readEmbedderPolicy, ['credentialless'], 'credentialless'],
    [readEmbedderPolicy, ['same-origin'], 'malformed'],
    [readResourcePolicy, ['same-site'], 'same-site'],
    [readResourcePolicy, ['cross-origin'], 'cross-origin'],
    [readResourcePolicy, ['same-site; x=y'], 'malformed'],
    [readResourcePolicy, ['Same-Site'], 'malformed'],
    [readResourcePolicy, ['same-site, same-site'], 'malformed'],
  ])('%o %j', (reader, fields, expected) => {
    const read = reader(fields)
    expect(read.kind === 'value' ? read.value : read.kind).toBe(expected)
  })
  test('where reports go', () => expect(readOpenerPolicy(['same-origin; report-to="coop"'])).toMatchObject({ reportTo: 'coop' }))
})

describe('Permissions-Policy', () => {
  const plain = (...fields: string[]) => {
    const read = readPermissionsPolicy(fields)
    return read.ok ? Object.fromEntries(read.features) : 'dropped'
  }
  test.each([
    [
      ['camera=(), geolocation=(self "https://maps.example.com"), fullscreen=*'],
      { camera: [], geolocation: ['self', 'https://maps.example.com'], fullscreen: ['*'] },
    ],
    [['camera=self'], { camera: ['self'] }],
    [['camera=()', 'microphone=()'], { camera: [], microphone: [] }],
    [['camera=(), camera=*'], { camera: ['*'] }],
    [["camera 'none'"], 'dropped'],
    [['camera=(self; microphone=()'], 'dropped'],
    [['Camera=()'], 'dropped'],
    [["camera=('none')"], 'dropped'],
    [['camera=() microphone=()'], 'dropped'],
    [[''], {}],
    [[], {}],
    [['x'.repeat(65_537)], 'dropped'],
  ])('%j', (fields, expected) => expect(plain(...fields)).toEqual(expected))
  test('values of the wrong kind are passed over', () => {
    expect(readPermissionsPolicy(['camera=1, microphone, geolocation=(self 5)'])).toEqual({
      ok: true,
      features: new Map([['geolocation', ['self']]]),
      flawed: ['camera', 'microphone', 'geolocation'],
    })
  })
})

describe('where reports go', () => {
  const plain = (read: ReturnType<typeof readReportTo>) => (read.ok ? Object.fromEntries(read.endpoints) : 'unreadable')
  test.each([
    [readReportingEndpoints, ['csp="https://r.example.com/csp", default="/reports"'], { csp: 'https://r.example.com/csp', default: '/reports' }],
    [readReportingEndpoints, ['a="/1"', 'a="/2"'], { a: '/2' }],
    [readReportingEndpoints, ['a=token, b="/x"'], { b: '/x' }],
    [readReportingEndpoints, ['csp=https://r.example.com'], {}],
    [readReportingEndpoints, ['csp="https://r.example.com'], 'unreadable'],
    [readReportingEndpoints, [], {}],
    [
      readReportTo,
      ['{"group":"csp","max_age":1,"endpoints":[{"url":"https://r.example.com"}]}, {"endpoints":[{"url":"/d"}]}'],
      { csp: 'https://r.example.com', default: '/d' },
    ],
    [readReportTo, ['{"group":"csp"'], 'unreadable'],
    [readReportTo, ['null, 1, {"group":"x"}'], {}],
    [readReportTo, [], {}],
  ])('%o %j', (reader, fields, expected) => expect(plain(reader(fields))).toEqual(expected))
})

test('no reader throws, whatever comes', () => {
  const words = fc.constantFrom(
    ';',
    ',',
    '=',
    '"',
    "'",
    '\\',
    '(',
    ')',
    ' ',
    '\t',
    'max-age',
    'nosniff',
    'self',
    '*',
    'charset',
    'http:',
    '\u0000',
    'é',
    '<',
    '&#',
    'x',
  )
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.array(words, { maxLength: 60 }).map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 3 }), (fields) => {
      const [first = ''] = fields
      readReferrerPolicy(fields)
      readMetaReferrer(first)
      readFrameOptions(fields)
      readContentTypeOptions(fields)
      readContentType(first)
      readOpenerPolicy(fields)
      readEmbedderPolicy(fields)
      readResourcePolicy(fields)
      readPermissionsPolicy(fields)
      readReportingEndpoints(fields)
      readReportTo(fields)
      readIntegrity(first)
      readStrictTransportSecurity(first)
      scriptOpenings(readContentSecurityPolicies(fields))
      scriptNonces(readContentSecurityPolicies(fields))
      readMetaPolicy(first)
      ancestorAllowed(fields, first, 'https://example.com')
      readStartTags(`<${first}>`)
    }),
    { numRuns: 2000 },
  )
})
