import { expect, test } from 'vitest'
import { problemText, readYaml } from './problems.ts'

const told = (source: string): readonly string[] => readYaml(source, 'target.yaml').problems.map(problemText)
const head = 'domain: example.com\nsecrets: { user: env:U, word: env:W }\n'

test.each<[string, string, readonly RegExp[]]>([
  [
    'a secret that nobody declared',
    'auth:\n  kind: jwt\n  login: { url: "https://{domain}/login", accessToken: $.t }\n  accounts: [{ username: user, password: wrd }]\n',
    [/^target.yaml:6:42: auth\.accounts\[0\]\.password: this looks like a literal secret/, /secrets has no "wrd"[\s\S]*did you mean "word"/],
  ],
  [
    'a login without an account',
    'auth: { kind: session, login: { url: "https://{domain}/login", cookie: sid } }\n',
    [/^target.yaml:3:31: auth\.login: a login needs an account/],
  ],
  [
    'a login that shows nothing',
    'auth: { kind: jwt, login: { url: "https://{domain}/login" }, accounts: [{ username: user, password: word }] }\n',
    [/^target.yaml:3:27: auth\.login: it does not say where the login stands/],
  ],
  [
    'a refresh without a token',
    'auth: { kind: jwt, refresh: { url: "https://{domain}/refresh" } }\n',
    [/^target.yaml:3:29: auth\.refresh: a refresh needs the refresh token of the login/],
  ],
  ['an API key without its key', 'auth: { kind: apiKey }\n', [/^target.yaml:3:7: auth: kind apiKey needs `apiKey`/]],
  ['a client without its end point', 'auth: [{ kind: oauth2 }]\n', [/^target.yaml:3:8: auth\[0\]: kind oauth2 needs `client`/]],
  [
    'a host behind the login that is none',
    'hosts: { app: {} }\nforwardAuth: { hosts: [aap], login: ["https://auth.{domain}/*"] }\n',
    [/^target.yaml:4:24: forwardAuth\.hosts\[0\]: no host is named "aap"[\s\S]*did you mean "app"/],
  ],
  [
    'an outsider without secrets',
    'forwardAuth: { login: ["https://auth.{domain}/*"], outsider: { username: user, password: gone } }\n',
    [/literal secret/, /^target.yaml:3:90: forwardAuth\.outsider\.password: secrets has no entry of that name/],
  ],
])('%s', (_name, source, expected) => {
  const problems = told(head + source)
  expect(problems).toHaveLength(expected.length)
  expected.forEach((pattern, index) => expect(problems[index]).toMatch(pattern))
})

test('blanks, places and names of secrets are no literal secrets', () => {
  expect(
    told(
      `${head}auth:\n  kind: jwt\n  login: { url: "https://{domain}/login", json: { user: "{username}", password: "{password}" }, accessToken: $.accessToken, refreshToken: cookie:refresh }\n  accounts: [{ username: user, password: word }]\n`,
    ),
  ).toEqual([])
})

test('a literal password in a template is one', () => {
  expect(told(`${head}auth:\n  kind: jwt\n  forgot: { url: "https://{domain}/x", json: { password: hunter2 } }\n`).join()).toMatch(/literal secret/)
})
