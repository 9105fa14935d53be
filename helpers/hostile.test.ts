/** Texts made to take quadratic time with readers of headers, records, mails, listings and pages: what is read of a long one is what is read of a short one. */
import { describe, expect, it } from 'vitest'
import { declarationReader } from './artifact/declarations.ts'
import { sqlScanner } from './artifact/sql.ts'
import { readable } from './drill/application.ts'
import { readCacheControl } from './grammar/cache-control.ts'
import { readMetaPolicy } from './grammar/content-security-policy.ts'
import { guessability } from './grammar/cookie-value.ts'
import { readDmarc } from './grammar/dmarc.ts'
import { readMail } from './grammar/mail-content.ts'
import { listUris, readAuthResults, readReceived } from './grammar/mail-fields.ts'
import { readBimi } from './grammar/bimi.ts'
import { readDotenv } from './grammar/dotenv.ts'
import { readSecurityTxt } from './grammar/security-txt.ts'
import { readMtaStsPolicy } from './grammar/mta-sts.ts'
import { readObjectError, readObjectPage } from './grammar/object-list.ts'
import { parseSetCookie } from './grammar/set-cookie.ts'
import { readStrictTransportSecurity } from './grammar/strict-transport-security.ts'
import { readTlsRpt } from './grammar/tls-rpt.ts'
import { readTlsa } from './grammar/tlsa.ts'
import { readContentTypeOptions } from './grammar/x-content-type-options.ts'
import { readFrameOptions } from './grammar/x-frame-options.ts'
import { titleOf } from './headers.ts'
import { gistOf } from './probes/auth/exchange.ts'
import { isLoginPage } from './probes/auth/gateway.ts'
import { readLeniently } from './probes/http-message.ts'
import { maskedText } from './probes/mail-link.ts'

const LONG = 256 * 1024
/** What readers that stop at 64 KiB still read whole. */
const WHOLE = 65_000
const SHORT = 60

const title = (html: string): string | undefined => titleOf({ headers: [['content-type', 'text/html']], body: Buffer.from(html) })
const links = async (html: string): Promise<unknown> => {
  const { links: found } = await readMail(Buffer.from(`Subject: a\r\nContent-Type: text/html\r\n\r\n${html}`))
  return found.map(({ url, where }) => [url, where])
}
const login = (html: string): boolean => isLoginPage(html, 'https://app.example.com/', ['https://app.example.com/login'], 'example.com')

const declared = (dump: string): readonly string[] => {
  const reader = declarationReader()
  reader.write(Buffer.from(dump))
  return [...reader.end().policies]
}
const indexes = (dump: string): number => {
  const scanner = sqlScanner()
  scanner.write(Buffer.from(`-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)\n--\n${dump}`))
  return scanner.end().objects.indexes
}

interface Attack {
  readonly what: string
  readonly read: (fill: (piece: string) => string) => unknown
  readonly expected: unknown
  readonly size?: number
}
const attacks: readonly Attack[] = [
  {
    what: 'Cache-Control: blanks before what is no directive',
    size: WHOLE,
    read: (fill) => readCacheControl([`${fill(' ')}\u0001, no-store`]).value.directives,
    expected: [{ name: 'no-store', quoted: false }],
  },
  {
    what: 'Strict-Transport-Security: blanks in a name',
    size: WHOLE,
    read: (fill) => readStrictTransportSecurity(`max-age=1; x${fill(' ')}y`).ok,
    expected: false,
  },
  { what: 'X-Frame-Options: blanks inside', size: WHOLE, read: (fill) => readFrameOptions([`DENY${fill(' ')}x, DENY`]).kind, expected: 'conflict' },
  { what: 'X-Content-Type-Options: blanks inside', size: WHOLE, read: (fill) => readContentTypeOptions([`nosniff${fill(' ')}x`]).nosniff, expected: false },
  {
    what: 'Content-Security-Policy: blanks inside',
    size: WHOLE,
    read: (fill) => [...readMetaPolicy(`img-src${fill('\t')}*`).directives],
    expected: [['img-src', ['*']]],
  },
  { what: 'Set-Cookie: blanks inside', size: WHOLE, read: (fill) => parseSetCookie(`a=b; Secure${fill(' ')}x; HttpOnly`).ok, expected: true },
  {
    what: 'a cookie of digits behind which a letter stands',
    size: WHOLE,
    read: (fill) => guessability([`${fill('0')}x`, `${fill('0')}y`]).repeats,
    expected: false,
  },
  {
    what: 'DMARC: blanks in fo',
    size: WHOLE - 100,
    read: (fill) => readDmarc(`v=DMARC1; p=none; fo=1${fill(' ')}d`),
    expected: expect.objectContaining({ ok: true }),
  },
  { what: 'MTA-STS: blanks in a line', size: WHOLE, read: (fill) => readMtaStsPolicy(`version: STSv1\nmode:${fill(' ')}\u0001\n`).ok, expected: false },
  { what: 'TLS-RPT: blanks in a field', size: WHOLE, read: (fill) => readTlsRpt(`v=TLSRPTv1; rua=a${fill(' ')}\u0001`).ok, expected: false },
  { what: 'TLSA: blanks behind the numbers', read: (fill) => readTlsa(`3 1 1 ${fill(' ')}x`).ok, expected: false },
  { what: 'Received: an address that is none', read: (fill) => readReceived(`from a (${fill('a')}) by b`).address, expected: undefined },
  {
    what: 'Authentication-Results: a name without a value',
    read: (fill) => readAuthResults(`a; spf=pass smtp.mailfrom=b ${fill('A')}`),
    expected: { ok: true, value: { server: 'a', methods: [{ method: 'spf', result: 'pass', properties: { 'smtp.mailfrom': 'b' } }] } },
  },
  { what: 'List-Unsubscribe: blanks behind a bracket', read: (fill) => listUris(`<${fill(' ')}`), expected: [] },
  {
    what: 'a mail: tags that begin and never end',
    read: (fill) => links(`<a href="https://example.com/x">x</a>${fill('<a ')}`),
    expected: [['https://example.com/x', 'html']],
  },
  {
    what: 'a mail: an attribute without a tag',
    read: (fill) => links(`${fill(' src=x')}<img src=https://example.com/i>`),
    expected: [['https://example.com/i', 'image']],
  },
  {
    what: 'a storage error that begins again and again',
    read: (fill) => readObjectError(`${fill('<Error a')}<Error><Code>NoSuchKey</Code>`),
    expected: undefined,
  },
  { what: 'a storage error of many begins', read: (fill) => readObjectError(`${fill('<Error>')}<Code>NoSuchKey</Code></Error>`)?.code, expected: 'NoSuchKey' },
  {
    what: 'a list of entries inside entries',
    read: (fill) =>
      readObjectPage(
        `<ListBucketResult><IsTruncated>false</IsTruncated>${fill('<Contents>')}<Key>a</Key><Size>1</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents></ListBucketResult>`,
      ),
    expected: { ok: true, value: { objects: [{ key: 'a', bytes: 1, modifiedAt: '2026-01-01T00:00:00.000Z', etag: '' }] } },
  },
  { what: 'a page: titles that begin and never end', read: (fill) => title(fill('<title a')), expected: undefined },
  { what: 'a page: inputs that begin and never end', read: (fill) => login(fill('<input')), expected: false },
  { what: 'a page: forms that begin and never end', read: (fill) => login(`<form action="/login"><input type=password>${fill('<form')}`), expected: true },
  { what: 'a page of words without a digit', read: (fill) => gistOf('', fill('a'), undefined) === gistOf('', `${fill('a')} 1`, undefined), expected: true },
  {
    what: 'a URL of question marks',
    read: (fill) => maskedText(`https://example.com/?a=b&${fill('?')}`).startsWith('https://example.com/?a=<secret>&?'),
    expected: true,
  },
  {
    what: 'a status line of blanks and a carriage return',
    read: (fill) => readLeniently(Buffer.from(`HTTP/1.1 200${fill(' ')}x\ry\r\n\r\n`)).faults.length > 0,
    expected: true,
  },
  { what: 'BIMI: blanks and a line end', read: (fill) => readBimi(`v=BIMI1; l=${fill(' ')}x\ny`).ok, expected: false },
  { what: 'dotenv: blanks and a carriage return', read: (fill) => readDotenv(`A=${fill(' ')}x\ry`).ok, expected: false },
  { what: 'security.txt: blanks and a carriage return', read: (fill) => readSecurityTxt(`Contact:${fill(' ')}x\ry`).fields.length, expected: 0 },
  { what: 'a dump: a name of quotes', size: WHOLE, read: (fill) => declared(`CREATE POLICY ${fill('""')}! ON a USING (true);\n`), expected: [] },
  { what: 'a dump: a table of empty lines', size: 16_000, read: (fill) => indexes(`CREATE TABLE a (\n${fill('\n')}  KEY b (c)\n);\n`), expected: 1 },
  { what: 'a log line of letters', read: (fill) => readable([fill('a')], [])[0]?.startsWith('aaa'), expected: true },
  {
    what: 'a log line of addresses cut short',
    read: (fill) => readable([`me@example.com ${fill('a@')}`], [])[0]?.startsWith('<address> a@'),
    expected: true,
  },
]

describe.each(attacks)('$what', ({ read, expected, size = LONG }) => {
  it.each([SHORT, size])('%i characters', async (length) => {
    expect(await read((piece) => piece.repeat(Math.ceil(length / piece.length)).slice(0, length))).toEqual(expected)
  })
})
