import { generateKeyPairSync } from 'node:crypto'
import { createTransport } from 'nodemailer'
import { describe, expect, test } from 'vitest'
import { readDkimSignature, verifyDkim } from './dkim-signature.ts'
import { readHead } from './mail-fields.ts'

/** RFC 8463, appendix A. */
const RFC8463 = [
  'DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;',
  ' d=football.example.com; i=@football.example.com;',
  ' q=dns/txt; s=brisbane; t=1528637909; h=from : to :',
  ' subject : date : message-id : from : subject : date;',
  ' bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;',
  ' b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus',
  ' Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==',
  'DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;',
  ' d=football.example.com; i=@football.example.com;',
  ' q=dns/txt; s=test; t=1528637909; h=from : to : subject :',
  ' date : message-id : from : subject : date;',
  ' bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;',
  ' b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3',
  ' DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz',
  ' dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=',
  'From: Joe SixPack <joe@football.example.com>',
  'To: Suzie Q <suzie@shopping.example.net>',
  'Subject: Is dinner ready?',
  'Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)',
  'Message-ID: <20030712040037.46341.5F8J@football.example.com>',
  '',
  'Hi.',
  '',
  'We lost the game.  Are you hungry yet?',
  '',
  'Joe.',
  '',
].join('\r\n')
const RFC8463_KEYS: Readonly<Record<string, string>> = {
  brisbane: 'v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=',
  test: 'v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB',
}
const judged = (bytes: string, record: string, index = 0) => {
  const field = readHead(bytes).fields.filter(({ name }) => name.toLowerCase() === 'dkim-signature')[index]
  if (field === undefined) throw new Error('no signature')
  const read = readDkimSignature(field.raw)
  if (!read.ok) throw new Error(read.error)
  return verifyDkim(bytes, field, read.value, record)
}

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
const OWN = `v=DKIM1; p=${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`
/** As nodemailer signs: relaxed/relaxed. */
async function signed(text: string, more: { readonly subject?: string } = {}): Promise<string> {
  const transport = createTransport({
    streamTransport: true,
    buffer: true,
    newline: 'windows',
    dkim: { domainName: 'example.com', keySelector: 's1', privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string },
  } as never)
  const sent = (await transport.sendMail({ from: 'a@example.com', to: 'b@example.net', subject: more.subject ?? 'A  subject', text })) as unknown as {
    message: Buffer
  }
  return sent.message.toString('latin1')
}

describe('signatures', () => {
  test('the examples of RFC 8463 hold, Ed25519 and RSA', () => {
    expect(judged(RFC8463, RFC8463_KEYS['brisbane'] ?? '', 0)).toMatchObject({ result: 'pass' })
    expect(judged(RFC8463, RFC8463_KEYS['test'] ?? '', 1)).toMatchObject({ result: 'pass' })
  })
  test('what was stored with LF is read as it was sent', () => {
    expect(judged(RFC8463.replaceAll('\r\n', '\n'), RFC8463_KEYS['test'] ?? '', 1)).toMatchObject({ result: 'pass' })
  })
  test('another body, another field, another key: it does not hold', () => {
    expect(judged(RFC8463.replace('hungry', 'angry'), RFC8463_KEYS['test'] ?? '', 1)).toMatchObject({ result: 'fail', reason: expect.stringContaining('body') })
    expect(judged(RFC8463.replace('dinner', 'supper'), RFC8463_KEYS['brisbane'] ?? '')).toMatchObject({
      result: 'fail',
      reason: expect.stringContaining('fields'),
    })
    expect(judged(RFC8463, OWN, 1)).toMatchObject({ result: 'fail' })
    expect(judged(RFC8463.replace('From: Joe', 'From: Mallory <m@example.org>\r\nFrom: Joe'), RFC8463_KEYS['test'] ?? '', 1)).toMatchObject({ result: 'fail' })
  })
  test.each([
    ['plain', 'Hello\n'],
    ['trailing blanks and empty lines', 'Hello  \t \n\n\n\n'],
    ['empty', ''],
    ['letters of everywhere', 'Grüße 日本\n'],
    ['dots', '.\n..\n'],
  ])('what nodemailer signs holds: %s', async (_name, text) => {
    const bytes = await signed(text)
    expect(judged(bytes, OWN)).toMatchObject({ result: 'pass' })
    expect(judged(`${bytes}x`, OWN)).toMatchObject({ result: 'fail' })
    expect(judged(`${bytes}\r\n\r\n`, OWN)).toMatchObject({ result: 'pass' })
  })
  test('keys that are none', async () => {
    const bytes = await signed('Hello\n')
    for (const record of ['v=DKIM1; p=', 'v=DKIM1; p=AAAA', 'v=DKIM2; p=AAAA', `${OWN}; s=tlsrpt`, `${OWN}; h=sha1`, RFC8463_KEYS['brisbane'] ?? ''])
      expect(judged(bytes, record), record).toMatchObject({ result: 'permerror' })
  })
})

describe('the field', () => {
  const good = 'v=1; a=rsa-sha256; d=example.com; s=s1; h=From:To; bh=aGFzaA==; b=c2ln'
  test('is read', () => {
    expect(readDkimSignature(`${good}; l=12; t=100; x=200; c=relaxed; i=@mail.example.com`)).toMatchObject({
      ok: true,
      value: { domain: 'example.com', signed: ['from', 'to'], length: 12, expiresAt: 200, canonical: { head: 'relaxed', body: 'simple' } },
    })
  })
  test.each([
    ['v=2', good.replace('v=1', 'v=2')],
    ['a tag twice', `${good}; d=example.org`],
    ['no From', good.replace('From:', '')],
    ['a foreign identity', `${good}; i=@example.org`],
    ['no number', `${good}; l=-1`],
    ['not base64', good.replace('c2ln', '####')],
    ['no domain', good.replace('d=example.com', 'd=')],
    ['empty', ''],
    ['no tags', 'hello'],
    ['an unknown canonicalisation', `${good}; c=loose/simple`],
    ['64 kB', `${good}; n=${'x'.repeat(70_000)}`],
  ])('is refused: %s', (_name, text) => {
    expect(readDkimSignature(text)).toMatchObject({ ok: false })
  })
})
