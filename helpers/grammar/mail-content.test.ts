import { describe, expect, test } from 'vitest'
import { natureOf, readMail } from './mail-content.ts'

const bytes = (...lines: readonly string[]): Buffer => Buffer.from(lines.join('\r\n'), 'utf8')
const plain = (text: string, ...more: readonly string[]): Buffer =>
  bytes(
    'From: "Shop" <shop@example.com>',
    'To: probe+ab12@example.net',
    'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=',
    ...more,
    'Content-Type: text/plain; charset=utf-8',
    '',
    text,
  )

describe('content', () => {
  test('fields, texts and links', async () => {
    const mail = await readMail(
      plain('Hello, see https://app.example.com/reset?token=a%20b&x=1. Bye', 'Reply-To: help@example.com', 'Message-ID: <1@example.com>'),
    )
    expect(mail).toMatchObject({
      from: [{ name: 'Shop', address: 'shop@example.com' }],
      replyTo: [{ address: 'help@example.com' }],
      subject: 'Grüße',
      messageId: '<1@example.com>',
      links: [{ url: 'https://app.example.com/reset?token=a%20b&x=1', where: 'text' }],
      attachments: [],
      faults: [],
    })
  })
  test('links of HTML: entities, quotes, images', async () => {
    const mail = await readMail(
      bytes(
        'From: a@example.com',
        'Content-Type: text/html; charset=utf-8',
        '',
        `<a href='https://a.example.com/?x=1&amp;y=2'>x</a><img src=http://t.example.com/p.gif><a href="mailto:a@b">m</a>`,
      ),
    )
    expect(mail.links).toEqual([
      { url: 'https://a.example.com/?x=1&y=2', where: 'html' },
      { url: 'http://t.example.com/p.gif', where: 'image' },
    ])
  })
  test('files, but not pictures that belong to the HTML', async () => {
    const mail = await readMail(
      bytes(
        'From: a@example.com',
        'Content-Type: multipart/mixed; boundary=b',
        '',
        '--b',
        'Content-Type: text/plain',
        '',
        'hi',
        '--b',
        'Content-Type: application/pdf; name=a.pdf',
        'Content-Disposition: attachment; filename=a.pdf',
        'Content-Transfer-Encoding: base64',
        '',
        'AAAA',
        '--b--',
        '',
      ),
    )
    expect(mail.attachments).toEqual([{ name: 'a.pdf', type: 'application/pdf', bytes: 3 }])
  })
  test.each<[string, Buffer, string]>([
    ['bytes that are not of the charset', Buffer.concat([plain('Gr'), Buffer.from([0xfc, 0xdf]), Buffer.from('e')]), 'not of its charset'],
    ['text that was broken before', plain('Ihre BestÃ¤tigung'), 'wrong charset'],
    ['a charset that nobody knows', bytes('From: a@example.com', 'Content-Type: text/plain;', ' charset="utf-9"', '', 'x'), 'unknown'],
    ['no end of the fields', bytes('From: a@example.com'), 'no empty line'],
    ['raw Latin-1 in the subject', Buffer.from('From: a@example.com\r\nSubject: Gr\xfc\xdfe\r\n\r\nx', 'latin1'), 'subject'],
  ])('a fault: %s', async (_name, raw, part) => {
    expect((await readMail(raw)).faults.join()).toContain(part)
  })
  test.each<[string, Buffer]>([
    ['umlauts in UTF-8', plain('Grüße, Ümläute, „Anführung“, 日本語, €')],
    [
      'Latin-1 as declared',
      Buffer.concat([bytes('From: a@example.com', 'Content-Type: text/plain; charset=iso-8859-1', '', ''), Buffer.from('Gr\xfc\xdfe', 'latin1')]),
    ],
    ['Portuguese letters', plain('SÃO PAULO, AÇÃO')],
  ])('no fault: %s', async (_name, raw) => {
    expect((await readMail(raw)).faults).toEqual([])
  })
  test.each<[string, Buffer]>([
    ['empty', Buffer.alloc(0)],
    ['only line ends', bytes('', '', '')],
    ['zeros', Buffer.alloc(2_000)],
    [
      '200 levels of parts',
      bytes('From: a@example.com', ...Array.from({ length: 200 }, (_, level) => `Content-Type: multipart/mixed; boundary=b${level}\r\n\r\n--b${level}`)),
    ],
    ['64 kB in one field', bytes(`From: ${'a'.repeat(65_536)}`, '', 'x')],
    ['100,000 fields', bytes(...Array.from({ length: 100_000 }, (_, index) => `X-${index}: y`), '', 'x')],
    ['a boundary that never comes', bytes('From: a@example.com', 'Content-Type: multipart/mixed; boundary=zz', '', 'x'.repeat(100_000))],
    ['unclosed tags', bytes('From: a@example.com', 'Content-Type: text/html', '', '<a href="'.repeat(20_000))],
  ])('hostile bytes end: %s', async (_name, raw) => {
    const start = performance.now()
    expect(await readMail(raw)).toHaveProperty('faults')
    expect(performance.now() - start).toBeLessThan(3_000)
  })
})

describe('whose it is', () => {
  test.each<[string, Buffer, 'address' | 'text', string]>([
    ['sent to our address', plain('Hello'), 'address', 'own'],
    ['with our mark in the text', bytes('From: a@example.com', 'Subject: x', '', 'mark ab12'), 'text', 'own'],
    ['to somebody else', bytes('From: a@example.com', 'To: b@example.net', 'Subject: x', '', 'hello'), 'address', 'foreign'],
    ['to somebody else, quoting it', bytes('From: a@example.com', 'To: b@example.net', 'Subject: x', '', '> ab12', 'no'), 'text', 'reply'],
    ['a bounce', bytes('From: MAILER-DAEMON@example.net', 'To: probe+ab12@example.net', 'Subject: Undelivered', '', 'ab12'), 'address', 'bounce'],
    [
      'a report',
      bytes('From: a@example.net', 'To: x@example.net', 'Content-Type: multipart/report; boundary=x', '', '--x', '', 'ab12', '--x--'),
      'text',
      'bounce',
    ],
    [
      'an absence note',
      bytes('From: a@example.net', 'To: probe+ab12@example.net', 'Auto-Submitted: auto-replied', 'Subject: Away', '', 'x'),
      'address',
      'automatic',
    ],
  ])('%s', async (_name, raw, carrier, nature) => {
    expect(natureOf(await readMail(raw), 'AB12', carrier)).toBe(nature)
  })
  test('a reply with the mark in its address is none of ours', async () => {
    const mail = await readMail(bytes('From: a@example.com', 'To: probe+ab12@example.net', 'Subject: Re: Hello', 'References: <1@example.com>', '', 'thanks'))
    expect(natureOf(mail, 'ab12', 'address')).toBe('reply')
  })
  test('the envelope tells it too', async () => {
    const mail = await readMail(bytes('From: a@example.com', 'To: undisclosed-recipients:;', 'Subject: x', '', 'hello'))
    expect(natureOf(mail, 'ab12', 'address', ['probe+ab12@example.net'])).toBe('own')
  })
})
