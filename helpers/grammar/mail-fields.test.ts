import { describe, expect, test } from 'vitest'
import { listUris, messageIdDomain, readAuthResults, readDate, readHead, readReceived, valuesOf, withoutComments } from './mail-fields.ts'

describe('fields', () => {
  test('folded, repeated, in any case', () => {
    const head = readHead('Subject: a\r\n b\r\nX: 1\r\nx:2\r\n\r\nbody')
    expect(valuesOf(head.fields, 'x')).toEqual(['1', '2'])
    expect(valuesOf(head.fields, 'subject')).toEqual(['a b'])
    expect(head).toMatchObject({ faults: [], bodyAt: 29 })
  })
  test.each(['', 'no fields', ' folded first\r\n\r\n', '\r\nbody', 'a\u0000b: c\r\n\r\n', 'x'.repeat(65_536)])('rubbish is told, not thrown: %#', (text) => {
    expect(readHead(text)).toHaveProperty('fields')
  })
  test('comments, nested, quoted, unclosed', () => {
    expect(withoutComments('a (b (c) d) e')).toBe('a  e')
    expect(withoutComments('"(x)" (y')).toBe('"(x)" ')
    expect(withoutComments('a \\(b')).toBe('a \\(b')
  })
})

describe('Received', () => {
  test.each<[string, string, object]>([
    [
      'Postfix with TLS',
      'from mail.example.com (mail.example.com [203.0.113.25])\r\n (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\r\n by mx.example.net (Postfix) with ESMTPS id 4F\r\n for <a@example.net>; Sat, 21 Nov 2026 12:00:01 +0000 (UTC)',
      {
        from: 'mail.example.com',
        address: '203.0.113.25',
        by: 'mx.example.net',
        protocol: 'ESMTPS',
        tls: true,
        tlsVersion: 'TLSv1.3',
        at: Date.UTC(2026, 10, 21, 12, 0, 1),
      },
    ],
    [
      'without TLS',
      'from a.example.com (a.example.com. [IPv6:2001:db8::1]) by mx.example.net with ESMTP id x; Sat, 21 Nov 2026 12:00:01 +0100',
      { address: '2001:db8::1', tls: false, at: Date.UTC(2026, 10, 21, 11, 0, 1) },
    ],
    [
      'a large provider',
      'from a.example.com (a.example.com. [203.0.113.7]) by mx.google.com with ESMTPS id x (version=TLS1_3 cipher=TLS_AES_128_GCM_SHA256 bits=128/128); Sat, 21 Nov 2026 04:00:01 -0800 (PST)',
      { tls: true, tlsVersion: 'TLSv1.3', protocol: 'ESMTPS' },
    ],
    ['local delivery', 'by mx.example.net (Postfix, from userid 0) id 5; Sat, 21 Nov 2026 12:00:01 +0000', { by: 'mx.example.net', tls: false }],
    ['LMTP', 'from mx.example.net ([127.0.0.1]) by mx.example.net with LMTP id x; Sat, 21 Nov 2026 12:00:01 +0000', { protocol: 'LMTP', address: '127.0.0.1' }],
    [
      'smtp-server',
      'FROM [127.0.0.1] (localhost [::ffff:127.0.0.1]) BY me WITH esmtpsa; Sat, 21 Nov 2026 12:00:01 +0000',
      { address: '127.0.0.1', protocol: 'ESMTPSA', tls: true },
    ],
    [
      'a name that looks like another address',
      'from 203.0.113.99 (evil.example.org [198.51.100.4]) by mx.example.net with SMTP; Sat, 21 Nov 2026 12:00:01 +0000',
      { address: '198.51.100.4' },
    ],
  ])('%s', (_name, text, value) => {
    expect(readReceived(text)).toMatchObject(value)
  })
  test.each(['', ';', 'nonsense', 'from', '('.repeat(60_000), 'x'.repeat(65_536), '\u0000\u001b[2J'])('rubbish: %#', (text) => {
    expect(readReceived(text)).toEqual({ tls: false })
  })
})

describe('dates', () => {
  test.each<[string, number]>([
    ['Fri, 21 Nov 1997 09:55:06 -0600', Date.UTC(1997, 10, 21, 15, 55, 6)],
    ['1 Jan 2026 00:00 +0530', Date.UTC(2025, 11, 31, 18, 30)],
    ['Thu, 13 Feb 1969 23:32:54 -0330 (Newfoundland Time)', Date.UTC(1969, 1, 14, 3, 2, 54)],
    ['Sat, 21 Nov 26 12:00:00 GMT', Date.UTC(2026, 10, 21, 12)],
  ])('%s', (text, value) => {
    expect(readDate(text)).toBe(value)
  })
  test.each(['', 'yesterday', '2026-11-21T12:00:00Z', '31 Feb 2026 12:00:00 +0000', '1 Jan 2026 25:00:00 +0000', '1 Jan 2026 12:00:00', '{{date}}'])(
    'no date: %s',
    (text) => {
      expect(readDate(text)).toBeNaN()
    },
  )
})

describe('Authentication-Results', () => {
  test('the examples of RFC 8601', () => {
    expect(readAuthResults('example.org 1; none')).toEqual({ ok: true, value: { server: 'example.org', methods: [] } })
    expect(
      readAuthResults(
        'example.com;\r\n auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n spf=pass smtp.mailfrom=example.net; dkim=fail reason="bad; signature" header.d=newyork.example.com'.replaceAll(
          '"bad; signature"',
          '"bad signature"',
        ),
      ),
    ).toMatchObject({
      ok: true,
      value: {
        server: 'example.com',
        methods: [
          { method: 'auth', result: 'pass', properties: { 'smtp.auth': 'sender@example.net' } },
          { method: 'spf', result: 'pass', properties: { 'smtp.mailfrom': 'example.net' } },
          { method: 'dkim', result: 'fail', properties: { 'header.d': 'newyork.example.com' } },
        ],
      },
    })
  })
  test.each(['', ';', 'a b c; spf=pass', 'example.com; spf', 'example.com; =pass'])('is refused: %s', (text) => {
    expect(readAuthResults(text)).toMatchObject({ ok: false })
  })
})

test('message identifiers', () => {
  expect(messageIdDomain('<a.b@Mail.Example.com>')).toBe('mail.example.com')
  expect(messageIdDomain('<a@[192.0.2.1]>')).toBe('[192.0.2.1]')
  for (const text of ['', 'a@example.com', '<a>', '<a@b@c>', '<a b@example.com>', '<@example.com>']) expect(messageIdDomain(text), text).toBeUndefined()
})

test('URIs of lists', () => {
  expect(listUris('<mailto:leave@example.com?subject=x>, (a comment) <https://example.com/leave>')).toEqual([
    'mailto:leave@example.com?subject=x',
    'https://example.com/leave',
  ])
  expect(listUris('https://example.com')).toEqual([])
  expect(listUris('<'.repeat(60_000))).toEqual([])
})
