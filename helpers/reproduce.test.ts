import { describe, expect, test } from 'vitest'
import { connectionFor, curlFor, curlForSeen, givenWord, requestSeen, secretWord } from './reproduce.ts'
import { normaliseTarget } from './target.ts'
import { targetSchema } from './target/schema.ts'

const target = normaliseTarget(
  targetSchema.parse({ domain: 'example.com', hosts: { app: {} }, secrets: { key: 'env:shopKey', pass: 'file:keys/it is.txt' } }),
  {
    sha256: '0',
    folder: '/srv/checks',
  },
)
const evidence = (what: string, where?: string) => [{ what, expected: 'one', received: 'another', ...(where === undefined ? {} : { where }) }]

describe('the line shows the page of which the verdict speaks', () => {
  const seen = (what: string, where?: string) => requestSeen('app.example.com', evidence(what, where))
  test.each<readonly [string, string | undefined, string, string]>([
    ['GET https://app.example.com/.env.local', '192.0.2.1:443', 'https://app.example.com/.env.local', 'GET'],
    ['POSTPROOF https://app.example.com/ (a method that does not exist)', undefined, 'https://app.example.com/', 'POSTPROOF'],
    ['Set-Cookie', 'https://app.example.com/login (192.0.2.1:443)', 'https://app.example.com/login', 'GET'],
    ['body of https://app.example.com/step-10', '192.0.2.1:443', 'https://app.example.com/step-10', 'GET'],
    ['GET http://app.example.com/', undefined, 'http://app.example.com/', 'GET'],
  ])('%s', (what, where, url, method) => {
    expect(seen(what, where)).toEqual({ url, method })
  })
  test.each([
    ['GET https://tracker.example.net/a.js'],
    ['GET https://app.example.com.example.net/'],
    ['GET https://app.example.com@example.net/'],
    ['GET https://app.example.com:443@example.net/'],
    ['GET with Origin: null'],
    ['POST https://app.example.com/login'],
    [''],
  ])('%s is no page of this host that can be asked as it is', (what) => {
    expect(seen(what)).toBeUndefined()
  })
  test('only the first evidence speaks; without any, the page that the check names is shown', () => {
    const line = 'curl -sS -D - -o /dev/null -m 30 --path-as-is --globoff https://app.example.com'
    expect(curlForSeen(target, 'https://app.example.com/', [...evidence('cookie id'), ...evidence('GET https://app.example.com/other')])).toBe(`${line}/`)
    expect(curlForSeen(target, 'https://app.example.com/')).toBe(`${line}/`)
    expect(curlForSeen(target, 'https://app.example.com/', evidence("GET https://app.example.com/a;id=$(id)&b='"))).toBe(
      line.replace('https://app.example.com', "'https://app.example.com/a;id=$(id)&b='"),
    )
  })
})

test('a line ends also where nobody answers, and one that is slow on purpose is not cut', () => {
  expect(curlFor(target, 'https://app.example.com/')).toContain(' -m 30 ')
  expect(curlFor(target, 'https://app.example.com/', { flags: ['-sS', '--max-time', '5'] })).not.toContain(' -m 30 ')
  expect(curlFor(target, 'https://app.example.com/', { flags: ['-sS', '--limit-rate', '1k'] })).not.toContain(' -m 30 ')
  expect(connectionFor('192.0.2.1', 5432)).toBe('curl -sv --max-time 3 telnet://192.0.2.1:5432 </dev/null')
  expect(connectionFor('2001:db8::1', 25, "printf 'EHLO x\\r\\n'")).toBe("printf 'EHLO x\\r\\n' | curl -sv --max-time 8 'telnet://[2001:db8::1]:25'")
})

test('what the shell must be given ends the line where it is not, before anything is sent or restored', () => {
  expect(givenWord('SCRATCH', 'a database to throw away')).toBe('"${SCRATCH:?a database to throw away}"')
})

test('a secret is looked up by the shell, under its own name and with its case', () => {
  expect(secretWord(target, 'key', 'PASSWORD')).toBe('"$shopKey"')
  expect(secretWord(target, 'pass', 'PASSWORD')).toBe(`"$(cat '/srv/checks/keys/it is.txt')"`)
  expect(secretWord(target, undefined, 'PASSWORD')).toBe('"$PASSWORD"')
})
