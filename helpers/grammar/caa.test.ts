import { describe, expect, test } from 'vitest'
import { permits, readCaa } from './caa.ts'

const read = (text: string) => {
  const reading = readCaa(text)
  if (!reading.ok) throw new Error(reading.error)
  return reading.value
}

describe('the record', () => {
  test.each<[string, object]>([
    // RFC 8659 §4.2 and §4.4–4.5.
    ['0 issue "ca1.example.net"', { tag: 'issue', issuer: 'ca1.example.net', critical: false, parameters: [] }],
    ['0 issue ";"', { issuer: '' }],
    ['0 issue ""', { issuer: '' }],
    ['0 issue "ca1.example.net; account=230123"', { issuer: 'ca1.example.net', parameters: ['account'] }],
    ['0 issue "ca1.example.net; policy=ev; account=1"', { parameters: ['policy', 'account'] }],
    ['0 issue "ca1.example.net;"', { issuer: 'ca1.example.net', parameters: [] }],
    ['0 ISSUE "CA1.Example.NET"', { tag: 'issue', issuer: 'ca1.example.net' }],
    ['0 issue "  ca1.example.net  ; validationmethods = dns-01 "', { issuer: 'ca1.example.net', parameters: ['validationmethods'] }],
    ['0 issue "%%%%%"', { issuer: '', malformed: 'the issuer is no domain name' }],
    ['0 issue "ca1.example.net; no equals"', { issuer: '', malformed: 'a parameter is not tag=value' }],
    ['0 issue "ca1.example.net ca2.example.net"', { issuer: '' }],
    ['0 issue "ca1.example.net; a=b;; c=d"', { issuer: '' }],
    ['128 tbs "Unknown"', { tag: 'tbs', critical: true, value: 'Unknown' }],
    ['0 iodef "mailto:security@example.com"', { tag: 'iodef', value: 'mailto:security@example.com' }],
    ['0 issue "a"b"', { issuer: '' }],
    ['0 issue "\u0000"', { issuer: '' }],
    [`0 issue "${'a.'.repeat(32_000)}a"`, { malformed: undefined }],
  ])('%.60s', (text, expected) => {
    const value = read(text)
    for (const [key, wanted] of Object.entries(expected)) expect(value[key as keyof typeof value]).toEqual(wanted)
  })
  test.each(['', '0 issue ca.example', 'x issue "a"', '0 "a"', '999 issue "a"', '0 is-sue "a"', `0 ${'a'.repeat(64_000)} "x"`, '0 issue "a'])(
    '%.40s is none',
    (text) => {
      expect(readCaa(text).ok).toBe(false)
    },
  )
})

describe('who may issue', () => {
  const set = (...texts: string[]) => texts.map(read)
  test.each<[string, string[], string[], boolean, boolean]>([
    ['no property about issuing restricts nobody', ['0 iodef "mailto:a@example.com"'], ['ca.example'], false, true],
    ['an empty set restricts nobody', [], ['ca.example'], false, true],
    ['named', ['0 issue "ca.example"'], ['ca.example'], false, true],
    ['by another brand of the same CA', ['0 issue "brand.example"'], ['ca.example', 'brand.example'], false, true],
    ['another CA', ['0 issue "other.example"'], ['ca.example'], false, false],
    ['nobody', ['0 issue ";"'], ['ca.example'], false, false],
    ['nobody beside somebody: the sum counts', ['0 issue ";"', '0 issue "ca.example"'], ['ca.example'], false, true],
    ['issuewild does not concern plain names', ['0 issuewild "other.example"'], ['ca.example'], false, true],
    ['issuewild wins for wildcards', ['0 issue "ca.example"', '0 issuewild ";"'], ['ca.example'], true, false],
    ['issue stands in for a missing issuewild', ['0 issue "ca.example"'], ['ca.example'], true, true],
    ['an unknown critical property forbids all', ['0 issue "ca.example"', '128 future "x"'], ['ca.example'], false, false],
    ['a known critical property does not', ['128 issue "ca.example"'], ['ca.example'], false, true],
    ['a malformed value permits nobody', ['0 issue "ca.example; x"'], ['ca.example'], false, false],
  ])('%s', (_name, texts, issuers, wildcard, expected) => {
    expect(permits(set(...texts), issuers, wildcard)).toBe(expected)
  })
})
