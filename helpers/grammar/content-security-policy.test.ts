import { describe, expect, test } from 'vitest'
import {
  ancestorAllowed,
  broadSchemes,
  effectiveList,
  frameAncestors,
  isDeprecatedDirective,
  isKnownDirective,
  readContentSecurityPolicies,
  readMetaPolicy,
  readSource,
  scriptNonces,
  scriptOpenings,
} from './content-security-policy.ts'

const read = (...fields: string[]) => readContentSecurityPolicies(fields)
const plain = (...fields: string[]) => read(...fields).map((policy) => Object.fromEntries(policy.directives))

describe('policies', () => {
  test.each([
    ['one', ["default-src 'self'; img-src *"], [{ 'default-src': ["'self'"], 'img-src': ['*'] }]],
    ['names in any case, values as sent', ["Default-SRC 'Self' EXAMPLE.com"], [{ 'default-src': ["'Self'", 'EXAMPLE.com'] }]],
    ['no value', ['script-src; upgrade-insecure-requests'], [{ 'script-src': [], 'upgrade-insecure-requests': [] }]],
    ['white space of every kind', ['\t default-src \t  a \n b ;;; '], [{ 'default-src': ['a', 'b'] }]],
    ['a comma parts policies', ['default-src a, script-src b'], [{ 'default-src': ['a'] }, { 'script-src': ['b'] }]],
    ['two fields are two policies', ['default-src a', 'default-src b'], [{ 'default-src': ['a'] }, { 'default-src': ['b'] }]],
    ['empty', ['', '  ', ';', ',', ' , ;'], []],
    ['no field', [], []],
  ])('%s', (_, fields, expected) => expect(plain(...fields)).toEqual(expected))

  test('the first of a repeated directive counts', () => {
    const [policy] = read('script-src a; SCRIPT-SRC b; script-src c')
    expect(policy?.directives.get('script-src')).toEqual(['a'])
    expect(policy?.repeated).toEqual(['script-src', 'script-src'])
  })
  test('what is not ASCII or no name is dropped, the rest stays', () => {
    const [policy] = read("default-src 'self'; img-src bücher.example; {script} b; font-src 'none'")
    expect([...(policy?.directives.keys() ?? [])]).toEqual(['default-src', 'font-src'])
    expect(policy?.dropped).toEqual(['img-src bücher.example', '{script} b'])
    expect(read('script-src \u0000a')[0]?.dropped).toHaveLength(1)
  })
  test('a meta policy is one policy without what only a header can carry', () => {
    const policy = readMetaPolicy("default-src 'self'; frame-ancestors 'none'; report-uri /r; sandbox")
    expect([...policy.directives.keys()]).toEqual(['default-src'])
    expect(read("default-src 'self', x")).toHaveLength(2)
  })
  test('a hostile field is read in proportion', () => {
    const started = performance.now()
    for (const field of [
      `script-src ${'a '.repeat(40_000)}`,
      ';'.repeat(100_000),
      ','.repeat(100_000),
      `script-src ${'x'.repeat(100_000)}`,
      'a b;'.repeat(20_000),
    ])
      scriptOpenings(read(field))
    expect(performance.now() - started).toBeLessThan(2000)
  })
  test('names', () => {
    expect(isKnownDirective('script-src')).toBe(true)
    expect(isKnownDirective('defa')).toBe(false)
    expect(isDeprecatedDirective('block-all-mixed-content')).toBe(true)
  })
})

test.each([
  ["'none'", { kind: 'none' }],
  ["'SELF'", { kind: 'self' }],
  ['*', { kind: 'any' }],
  ["'Unsafe-Inline'", { kind: 'keyword', keyword: 'unsafe-inline' }],
  ["'nonce-abcDEF+/12345678=='", { kind: 'nonce', value: 'abcDEF+/12345678==', bits: 96 }],
  ["'nonce-'", { kind: 'invalid' }],
  ["'nonce-a!b'", { kind: 'invalid' }],
  ["'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='", { kind: 'hash', algorithm: 'sha256' }],
  ["'sha1-abc='", { kind: 'invalid' }],
  ['HTTPS:', { kind: 'scheme', scheme: 'https' }],
  ['data:', { kind: 'scheme', scheme: 'data' }],
  ['cdn.Example.com', { kind: 'host', host: 'cdn.example.com' }],
  ['https://*.example.com:8443/js/', { kind: 'host', scheme: 'https', host: '*.example.com', port: '8443', path: '/js/' }],
  ['localhost:*', { kind: 'host', host: 'localhost', port: '*' }],
  ['self', { kind: 'host', host: 'self' }],
  ["'unsafe-inlin'", { kind: 'invalid' }],
  ['https://', { kind: 'invalid' }],
  ['a.*.example.com', { kind: 'invalid' }],
])('the source %j', (text, expected) => expect(readSource(text)).toEqual(expected))

describe('fallback', () => {
  test.each([
    ['script-src-elem', "default-src 'self'; script-src a", 'script-src'],
    ['script-src-attr', 'script-src-attr b; script-src a', 'script-src-attr'],
    ['worker-src', 'child-src a; default-src b', 'child-src'],
    ['img-src', 'default-src a', 'default-src'],
    ['base-uri', "default-src 'none'", undefined],
    ['form-action', "default-src 'none'", undefined],
    ['frame-ancestors', "default-src 'none'", undefined],
  ])('%s in %j', (name, text, from) => expect(effectiveList(read(text)[0] as never, name)?.from).toBe(from))
})

describe('what scripts may do', () => {
  const openings = (...fields: string[]) => {
    const { schemes, ...rest } = scriptOpenings(read(...fields))
    const on = Object.entries(rest)
      .filter(([, value]) => value)
      .map(([name]) => name)
    return [...on, ...(schemes.length > 0 ? [`any host: ${schemes.join(' ')}`] : [])]
  }
  const EVERYTHING = ['inline', 'eval', 'unrestricted', 'any host: http https ws wss ftp data']
  test.each([
    ['nothing said', ['img-src a'], EVERYTHING],
    ['no policy', [], EVERYTHING],
    ['self', ["script-src 'self'"], []],
    ['valueless is none', ['default-src'], []],
    ['unsafe-inline', ["script-src 'self' 'unsafe-inline'"], ['inline']],
    ['a nonce switches it off', ["script-src 'unsafe-inline' 'nonce-abcdefghijklmnopqrstuv'"], ['trusted']],
    ['a hash too', ["script-src 'unsafe-inline' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"], ['trusted']],
    ['strict-dynamic switches hosts off', ["script-src 'strict-dynamic' 'nonce-abcdefghijklmnopqrstuv' https: 'unsafe-inline'"], ['trusted']],
    ['strict-dynamic alone blocks', ["script-src 'strict-dynamic' https:"], ['blocked']],
    ['eval', ["script-src 'self' 'unsafe-eval'"], ['eval']],
    ['a handler list of its own', ["script-src 'self'; script-src-attr 'unsafe-inline'"], ['inline']],
    ['an element list of its own', ["script-src 'self'; script-src-elem *"], ['any host: http https ws wss ftp']],
    ['unsafe-hashes', ["script-src 'unsafe-hashes' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"], ['unsafeHashes', 'trusted']],
    ['data', ['script-src data:'], ['any host: data']],
    ['http lets https in', ['script-src http:'], ['any host: http https']],
    ['two policies: both must allow', ["script-src 'self' 'unsafe-inline'", "script-src 'self'"], []],
    ['http: and https: together are https:', ['default-src http:', 'default-src https:'], ['any host: https']],
    ['a policy that says nothing of scripts restricts none', ["script-src 'unsafe-inline'", "frame-ancestors 'none'"], ['inline']],
    ['wildcard and hosts are the hosts', ['script-src *', 'script-src cdn.example.com'], []],
    ['https://*', ['script-src https://*'], ['any host: https']],
  ])('%s', (_, fields, expected) => expect(openings(...fields)).toEqual(expected))

  test('nonces', () => {
    expect(scriptNonces(read("script-src 'nonce-aaaa' 'nonce-bbbb'; style-src 'nonce-cccc'", "default-src 'nonce-aaaa'"))).toEqual([
      { value: 'aaaa', bits: 24 },
      { value: 'bbbb', bits: 24 },
    ])
  })
  test('broad lists', () => {
    expect([...broadSchemes(["'self'", 'example.com', '*.example.com'])]).toEqual([])
    expect([...broadSchemes(['https:'])]).toEqual(['https'])
    expect(broadSchemes(undefined).has('blob')).toBe(true)
  })
})

describe('ancestors', () => {
  const SELF = 'https://docs.example.com'
  test.each([
    ["'self'", 'https://docs.example.com', true],
    ["'self'", 'https://app.example.com', false],
    ["'none'", 'https://docs.example.com', false],
    ['https://app.example.com', 'https://app.example.com', true],
    ['http://app.example.com', 'https://app.example.com', true],
    ['app.example.com', 'https://app.example.com', true],
    ['app.example.com', 'http://app.example.com', false],
    ['https://app.example.com:8443', 'https://app.example.com', false],
    ['https://app.example.com:8443', 'https://app.example.com:8443', true],
    ['https://app.example.com:*', 'https://app.example.com:8443', true],
    ['https://*.example.com', 'https://app.example.com', true],
    ['https://*.example.com', 'https://example.com', false],
    ['https://*.example.com', 'https://app.example.org', false],
    ['https:', 'https://anyone.example.net', true],
    ['*', 'https://anyone.example.net', true],
    ['https://app.example.com.', 'https://app.example.com', true],
    ['https://app.example.com/', 'https://app.example.com', true],
    ['evil-app.example.com', 'https://app.example.com', false],
  ])('%j lets %j in: %j', (list, origin, expected) => expect(ancestorAllowed([list], origin, SELF)).toBe(expected))

  test('each policy has its own list', () => {
    expect(frameAncestors(read("default-src 'self'"))).toBeUndefined()
    expect(frameAncestors(read("frame-ancestors 'none'", 'frame-ancestors a b'))).toEqual([["'none'"], ['a', 'b']])
    expect(ancestorAllowed(['https://app.example.com'], 'no url', SELF)).toBe(false)
  })
})
