/** Deliveries in a target: what is said, with line and column, when they cannot be meant. */
import { expect, test } from 'vitest'
import { problemText, readYaml } from './problems.ts'

const HEAD = 'domain: example.com\nsecrets: { inbox: env:INBOX }\nmail:\n'
const told = (mail: string): readonly string[] => readYaml(HEAD + mail, 'target.yaml').problems.map((problem) => problemText(problem))
const REQUEST = "trigger: { requests: [{ url: 'https://api.{domain}/forgot', json: { email: '{address}', token: '{token}' } }] }"
const delivery = (lines: string): string => `  delivery:\n    - name: app\n${lines}`
const IMAP = 'inbox: { imap: { host: imap.example.net, user: probe, password: inbox } }'

test.each([
  delivery(`      to: 'probe+{token}@example.net'\n      ${REQUEST}\n      ${IMAP}\n`),
  delivery(
    `      to: 'probe+{token}@example.net'\n      ${REQUEST}\n      inbox: { receive: { port: 2525 } }\n      expect: { link: { path: /reset, parameter: token, singleUse: true, use: { url: 'https://api.{domain}/reset', json: { token: '{link.token}', password: '{secret:inbox}' } } } }\n`,
  ),
  delivery(
    `      to: ops@example.net\n      trigger: { submission: { host: mail.example.com, user: app, password: inbox, from: app@example.com, subject: 'check {token}' } }\n      inbox: { api: { product: mailpit, url: 'http://127.0.0.1:8025' } }\n`,
  ),
])('is right: %#', (mail) => {
  expect(told(mail)).toEqual([])
})

test.each<[string, string, RegExp]>([
  [
    'no mark',
    delivery(`      to: probe@example.net\n      trigger: { requests: [{ url: 'https://api.example.com/forgot' }] }\n      ${IMAP}\n`),
    /^target\.yaml:6:11: mail\.delivery\[0\]\.to: [\s\S]*nothing carries \{token\}/,
  ],
  [
    'a request without the address',
    delivery(`      to: 'probe+{token}@example.net'\n      trigger:\n        requests: [{ url: 'https://api.example.com/forgot' }]\n      ${IMAP}\n`),
    /^target\.yaml:8:19: [\s\S]*no request carries \{address\}/,
  ],
  [
    'two inboxes',
    delivery(
      `      to: 'probe+{token}@example.net'\n      ${REQUEST}\n      inbox: { receive: { port: 25 }, imap: { host: a.example.net, user: u, password: inbox } }\n`,
    ),
    /^target\.yaml:8:14: [\s\S]*exactly one of receive, imap and api/,
  ],
  [
    'no trigger',
    delivery(`      to: 'probe+{token}@example.net'\n      trigger: {}\n      ${IMAP}\n`),
    /^target\.yaml:7:16: [\s\S]*exactly one of requests and submission/,
  ],
  [
    'a secret that nobody declared',
    delivery(`      to: 'probe+{token}@example.net'\n      ${REQUEST}\n      inbox: { imap: { host: a.example.net, user: u, password: inbux } }\n`),
    /^target\.yaml:8:\d+: [\s\S]*(?:secrets has no entry|literal secret)/,
  ],
  [
    'a secret in a request that nobody declared',
    delivery(
      `      to: 'probe+{token}@example.net'\n      trigger: { requests: [{ url: 'https://api.example.com/', json: { email: '{address}', key: '{secret:api}' } }] }\n      ${IMAP}\n`,
    ),
    /^target\.yaml:7:16: [\s\S]*secrets has no entry of that name/,
  ],
  [
    'a password in plain',
    delivery(
      `      to: 'probe+{token}@example.net'\n      trigger: { submission: { host: a.example.com, security: none, user: u, password: inbox, from: a@example.com } }\n      ${IMAP}\n`,
    ),
    /^target\.yaml:7:\d+: [\s\S]*in plain text/,
  ],
  [
    'a mailbox in plain',
    delivery(
      `      to: 'probe+{token}@example.net'\n      ${REQUEST}\n      inbox: { imap: { host: a.example.net, security: none, user: u, password: inbox } }\n`,
    ),
    /^target\.yaml:8:\d+: [\s\S]*in plain text/,
  ],
  [
    'a user without a password',
    delivery(`      to: 'probe+{token}@example.net'\n      trigger: { submission: { host: a.example.com, user: u, from: a@example.com } }\n      ${IMAP}\n`),
    /^target\.yaml:7:\d+: [\s\S]*user and password go together/,
  ],
  [
    'a wait that is shorter than the bound',
    delivery(`      to: 'probe+{token}@example.net'\n      ${REQUEST}\n      ${IMAP}\n      withinSeconds: 60\n      waitSeconds: 30\n`),
    /^target\.yaml:10:20: [\s\S]*shorter than withinSeconds/,
  ],
  [
    'an inbox that must stay empty',
    `  sinks: [{ product: mailpit, url: 'http://127.0.0.1:8025/' }]\n${delivery(`      to: 'probe+{token}@example.net'\n      ${REQUEST}\n      inbox: { api: { product: mailpit, url: 'http://127.0.0.1:8025' } }\n`)}`,
    /^target\.yaml:9:\d+: [\s\S]*must stay empty/,
  ],
  [
    'two of one name',
    `${delivery(`      to: 'a+{token}@example.net'\n      ${REQUEST}\n      ${IMAP}\n`)}    - name: app\n      to: 'a+{token}@example.net'\n      ${REQUEST}\n      ${IMAP}\n`,
    /^target\.yaml:9:13: [\s\S]*two deliveries are named app/,
  ],
  [
    'a literal password',
    delivery(`      to: 'probe+{token}@example.net'\n      ${REQUEST}\n      inbox: { imap: { host: a.example.net, user: u, password: 'hunter2!xyz' } }\n`),
    /^target\.yaml:8:\d+/,
  ],
  [
    'an unknown key',
    delivery(`      to: 'probe+{token}@example.net'\n      ${REQUEST}\n      ${IMAP}\n      within: 60\n`),
    /^target\.yaml:9:7: [\s\S]*unknown key "within"/,
  ],
])('%s', (_name, mail, problem) => {
  const problems = told(mail)
  expect(problems.join('\n')).toMatch(problem)
  expect(problems.join('\n')).not.toContain('hunter2')
})
