import { describe, expect, test } from 'vitest'
import { targetSchema } from './schema.ts'

const read = (mail: unknown): { readonly ok: boolean; readonly problems: readonly string[] } => {
  const parsed = targetSchema.safeParse({ domain: 'example.com', mail })
  return { ok: parsed.success, problems: parsed.error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? [] }
}

describe('mail in a target', () => {
  test.each([
    [{}],
    [{ domains: ['example.com', 'example.org'] }],
    [
      {
        senders: [
          { name: 'a' },
          {
            name: 'b',
            from: 'b.example.com',
            mailFrom: 'bounces.example.com',
            addresses: ['192.0.2.1', '2001:db8::1'],
            helo: 'mx.example.com',
            dkim: ['s1', 'a.b'],
            dkimDomain: 'example.com',
          },
        ],
      },
    ],
    [{ parked: ['example.net'] }],
  ])('%j is right', (mail) => {
    expect(read(mail)).toEqual({ ok: true, problems: [] })
  })
  test.each([
    [{ domain: 'example.com' }, /Unrecognized key/],
    [{ domains: [] }, /^mail\.domains/],
    [{ domains: ['example'] }, /^mail\.domains\.0: a domain name in full/],
    [{ senders: [{}] }, /^mail\.senders\.0\.name/],
    [{ senders: [{ name: 'a' }, { name: 'a' }] }, /^mail\.senders\.1\.name: two senders are named a/],
    [{ senders: [{ name: 'a', addresses: ['192.0.2.0/24'] }] }, /^mail\.senders\.0\.addresses\.0: an IPv4 or IPv6 address/],
    [{ senders: [{ name: 'a', dkim: ['s1._domainkey_'] }] }, /^mail\.senders\.0\.dkim\.0: a selector/],
    [{ domains: ['example.org'], parked: ['Example.ORG'] }, /^mail\.parked\.0: Example\.ORG is parked and has mail all the same/],
    [{ senders: [{ name: 'a', mailFrom: 'b.example.com' }], parked: ['b.example.com'] }, /^mail\.parked\.0/],
  ])('%j is not', (mail, problem) => {
    const { ok, problems } = read(mail)
    expect(ok).toBe(false)
    expect(problems.join('; ')).toMatch(problem)
  })
})
