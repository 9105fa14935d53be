/** MTA-STS (RFC 8461), TLS reporting (RFC 8460), DKIM keys (RFC 6376, 8463). */
import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readDkimKey } from './dkim-key.ts'
import { isMtaSts, mxMatches, readMtaStsPolicy, readMtaStsRecord } from './mta-sts.ts'
import { isTlsRpt, readTlsRpt } from './tls-rpt.ts'

describe('MTA-STS records', () => {
  test.each([
    ['v=STSv1; id=20160831085700Z;', '20160831085700Z'],
    ['v=STSv1;id=1', '1'],
    ['v=STSv1 ; foo=bar; id=A1 ; x.y-z_=q', 'A1'],
    [`v=STSv1; id=${'a'.repeat(32)}`, 'a'.repeat(32)],
  ])('%j', (text, id) => {
    expect(readMtaStsRecord(text)).toEqual({ ok: true, id })
    expect(isMtaSts(text)).toBe(true)
  })
  test.each([
    ['v=STSv1;', 'no id'],
    ['v=STSv1', 'no id'],
    ['v=STSv1; id=', 'no name=value'],
    ['v=STSv1; id=2016-08-31', 'letters and digits'],
    [`v=STSv1; id=${'a'.repeat(33)}`, 'letters and digits'],
    ['v=STSv1; id=1; id=2', 'twice'],
    ['v=STSv1; ID=1', 'no id'],
    ['v=STSv1; id=1;; x=1', 'no name=value'],
    ['v=STSv1; id', 'no name=value'],
    ['v=stsv1; id=1', 'begin'],
    ['v=STSv10; id=1', 'begin'],
    ['id=1; v=STSv1', 'begin'],
    ['v=STSv1; id=\u0000', 'no name=value'],
    [`v=STSv1; id=1; x=${'a'.repeat(70_000)}`, 'characters'],
  ])('%j is none', (text, error) => {
    expect(readMtaStsRecord(text)).toMatchObject({ ok: false, error: expect.stringContaining(error) as string })
  })
})

describe('MTA-STS policies', () => {
  const file = (...lines: readonly string[]): string => `${lines.join('\r\n')}\r\n`
  const good = ['version: STSv1', 'mode: enforce', 'mx: mail.example.com', 'mx: *.example.net', 'mx: backupmx.example.com', 'max_age: 604800']
  test('the example of §3.2', () => {
    expect(readMtaStsPolicy(file(...good))).toEqual({
      ok: true,
      value: { mode: 'enforce', maxAge: 604_800, mx: ['mail.example.com', '*.example.net', 'backupmx.example.com'], bareLf: false, unknown: [] },
    })
  })
  test.each([
    ['no end of the last line', file(...good).slice(0, -2), { bareLf: false }],
    ['LF', good.join('\n'), { bareLf: true }],
    ['LF once', `${good.join('\r\n')}\n`, { bareLf: true }],
    [
      'another order, unknown fields, no blanks',
      file('max_age:1', 'mx:A.example.com.', 'x-y: z', 'mode:testing', 'version:STSv1  '),
      { mode: 'testing', mx: ['a.example.com'], unknown: ['x-y'] },
    ],
    ['the first of two modes counts', file(...good, 'mode: none'), { mode: 'enforce' }],
    ['none needs no mx', file('version: STSv1', 'mode: none', 'max_age: 86400'), { mode: 'none', mx: [] }],
    ['ten digits', file(...good.slice(0, -1), 'max_age: 9999999999'), { maxAge: 9_999_999_999 }],
  ])('%s', (_name, text, wanted) => {
    expect(readMtaStsPolicy(text)).toMatchObject({ ok: true, value: wanted })
  })
  test.each([
    ['empty', '', 'version'],
    ['a page', '<!doctype html>\n<html>', 'no name: value'],
    ['no version', file(...good.slice(1)), 'version is missing'],
    ['another version', file('version: STSv2', ...good.slice(1)), 'STSv2'],
    ['no mode', file('version: STSv1', 'mx: a.example.com', 'max_age: 1'), 'mode is missing'],
    ['another mode', file('version: STSv1', 'mode: Enforce', 'mx: a.example.com', 'max_age: 1'), 'Enforce'],
    ['no age', file(...good.slice(0, -1)), 'max_age is missing'],
    ['an age of words', file(...good.slice(0, -1), 'max_age: 1 week'), '1 week'],
    ['eleven digits', file(...good.slice(0, -1), 'max_age: 99999999999'), 'digits'],
    ['no mx', file('version: STSv1', 'mode: enforce', 'max_age: 1'), 'no mx'],
    ['an asterisk alone', file(...good, 'mx: *'), 'mx: *'],
    ['an asterisk inside', file(...good, 'mx: mx*.example.com'), 'mx: mx*'],
    ['two asterisks', file(...good, 'mx: *.*.example.com'), 'mx: *.*'],
    ['a priority', file(...good, 'mx: 10 a.example.com'), 'mx: 10'],
    ['an empty line inside', file(good[0] as string, '', ...good.slice(1)), 'no name: value'],
    ['a blank before the colon', file('version : STSv1', ...good.slice(1)), 'no name: value'],
    ['control characters', file(...good, 'x: \u0007'), 'no name: value'],
    ['64 kB', `${file(...good)}${'x: y\r\n'.repeat(20_000)}`, 'characters'],
  ])('%s', (_name, text, error) => {
    expect(readMtaStsPolicy(text)).toMatchObject({ ok: false, error: expect.stringContaining(error) as string })
  })
  test.each([
    ['mail.example.com', 'Mail.Example.com.', true],
    ['mail.example.com', 'mail2.example.com', false],
    ['*.example.com', 'mx1.example.com', true],
    ['*.EXAMPLE.com', 'mx1.example.com', true],
    ['*.example.com', 'a.mx1.example.com', false],
    ['*.example.com', 'example.com', false],
    ['*.example.com', '.example.com', false],
    ['*.com', 'example.com', true],
    ['example.com', 'mx1.example.com', false],
  ])('%s means %s: %s', (pattern, host, wanted) => {
    expect(mxMatches(pattern, host)).toBe(wanted)
  })
})

describe('TLS reporting', () => {
  test.each([
    ['v=TLSRPTv1;rua=mailto:reports@example.com', ['mailto:reports@example.com']],
    ['v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt', ['https://reporting.example.com/v1/tlsrpt']],
    ['v=TLSRPTv1 ; x=y ; rua=mailto:a@example.com , https://b.example.com:8443 ;', ['mailto:a@example.com', 'https://b.example.com:8443']],
  ])('%j', (text, rua) => {
    expect(readTlsRpt(text)).toEqual({ ok: true, rua })
    expect(isTlsRpt(text)).toBe(true)
  })
  test.each([
    ['v=TLSRPTv1', 'no rua'],
    ['v=TLSRPTv1; rua=', 'no name=value'],
    ['v=TLSRPTv1; rua=reports@example.com', 'neither'],
    ['v=TLSRPTv1; rua=http://example.com/', 'neither'],
    ['v=TLSRPTv1; rua=mailto:a@example.com,', 'neither'],
    ['v=TLSRPTv1; rua=mailto:a@localhost', 'neither'],
    ['v=TLSRPTv1; rua=mailto:a@example.com!10m', 'neither'],
    ['v=TLSRPTv1; rua=mailto:a@example.com; rua=mailto:b@example.com', 'twice'],
    ['v=tlsrptv1; rua=mailto:a@example.com', 'begin'],
    ['v=TLSRPTv12; rua=mailto:a@example.com', 'begin'],
    ['rua=mailto:a@example.com; v=TLSRPTv1', 'begin'],
    ['v=TLSRPTv1; rua=mailto:\u0000@example.com', 'no name=value'],
    [`v=TLSRPTv1; ${'x=y;'.repeat(20_000)}`, 'characters'],
  ])('%j is none', (text, error) => {
    expect(readTlsRpt(text)).toMatchObject({ ok: false, error: expect.stringContaining(error) as string })
  })
})

describe('DKIM keys', () => {
  const rsa = (bits: number, type: 'spki' | 'pkcs1' = 'spki'): string =>
    generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'der', type }).toString('base64')
  const key = rsa(1024)
  /** RFC 8463 appendix A.2. */
  const ED = '11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
  test.each([
    ['plain', `v=DKIM1; p=${key}`, { type: 'rsa', bits: 1024, revoked: false, testing: false, sameDomain: false, hashes: [], forMail: true, unknown: [] }],
    ['no version, folded', `k=rsa;\r\n p=${key.slice(0, 60)} ${key.slice(60)} ;`, { bits: 1024 }],
    ['2048 bits', `v=DKIM1; k=rsa; p=${rsa(2048)}`, { bits: 2048 }],
    ['a bare RSAPublicKey', `p=${rsa(1024, 'pkcs1')}`, { bits: 1024 }],
    ['Ed25519 (RFC 8463 A.2)', `v=DKIM1; k=ed25519; p=${ED}`, { type: 'ed25519', bits: 256 }],
    ['revoked', 'v=DKIM1; p=', { revoked: true }],
    [
      'flags',
      `v=DKIM1; h=sha256 : sha1; s=email; t=y:s; n=a note, \u00e9; g=*; p=${key}`,
      { testing: true, sameDomain: true, hashes: ['sha256', 'sha1'], forMail: true, unknown: ['g'] },
    ],
    ['for another service', `s=tlsrpt; p=${key}`, { forMail: false }],
  ])('%s', (_name, text, wanted) => {
    expect(readDkimKey(text)).toMatchObject({ ok: true, value: wanted })
  })
  test.each([
    ['empty', '', 'no p'],
    ['another text', 'google-site-verification=abc', 'no tag=value'],
    ['no p', 'v=DKIM1; k=rsa', 'no p'],
    ['another version', `v=DKIM2; p=${key}`, 'DKIM2'],
    ['the version in small letters', `v=dkim1; p=${key}`, 'dkim1'],
    ['the version last', `p=${key}; v=DKIM1`, 'first'],
    ['twice', `p=${key}; p=${key}`, 'twice'],
    ['another kind of key', `k=dsa; p=${key}`, 'dsa'],
    ['no base64', 'p=###', 'base64'],
    ['half base64', `p=${key.slice(0, 41)}`, 'base64'],
    ['cut off', `p=${key.slice(0, 80)}`, 'no RSA key'],
    ['an elliptic key', `p=${ec}`, 'no RSA key'],
    ['Ed25519 in another wrapping', `k=ed25519; p=${key}`, '32'],
    ['control characters', `k=rsa\u0007; p=${key}`, 'printable'],
    ['64 kB', `p=${'A'.repeat(70_000)}`, 'characters'],
  ])('%s', (_name, text, error) => {
    expect(readDkimKey(text)).toMatchObject({ ok: false, error: expect.stringContaining(error) as string })
  })
})
