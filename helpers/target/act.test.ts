/** Uploads, journeys, well-known passwords and channels with a session in a target: what is said, with line and column, when they cannot be meant. */
import { expect, test } from 'vitest'
import { problemText, readYaml } from './problems.ts'

const HEAD = 'domain: example.com\nsecrets: { account: env:ACCOUNT }\n'
const told = (part: string): readonly string[] => readYaml(HEAD + part, 'target.yaml').problems.map((problem) => problemText(problem))

test.each([
  "uploads:\n  - { id: video, url: 'https://api.{domain}/upload', auth: { bearerFrom: account }, idPath: $.id, download: 'https://api.{domain}/files/{id}', maxBytes: 10485760 }\n",
  "journeys:\n  - id: login\n    steps:\n      - { name: sign in, url: 'https://api.{domain}/login', method: POST, json: { email: a@example.com, password: '{secret:account}' }, capture: { access: { json: $.token } } }\n      - { name: look, url: 'https://api.{domain}/me', headers: { Authorization: 'Bearer {access}' } }\n",
  "journeys:\n  - id: page\n    steps:\n      - name: sign in\n        browser: [{ open: 'https://{domain}/' }, { fill: '#password', with: '{secret:account}' }, { click: button }, { at: /dashboard }]\n",
  "defaultCredentials:\n  services: [{ product: grafana, url: 'https://grafana.{domain}' }]\n  seeds:\n    - { url: 'https://crm.{domain}', username: demo, passwordFrom: account, login: { path: /login, form: { user: '{username}', password: '{password}' }, accepted: { status: 302 }, refused: { status: 200 }, proof: { path: /me, status: 200 } } }\n",
  "hosts:\n  chat: { live: { mode: websocket, path: /ws, auth: cookie, session: { login: { url: 'https://chat.{domain}/login', json: { password: '{secret:account}' } } }, logout: { url: 'https://chat.{domain}/logout' } } }\n",
])('is right: %#', (part) => {
  expect(told(part)).toEqual([])
})

test.each<[string, string, RegExp]>([
  [
    'a secret nobody declared',
    "uploads:\n  - id: video\n    url: 'https://api.{domain}/upload'\n    auth: { bearerFrom: acount }\n",
    /^target\.yaml:6:25: uploads\[0\]\.auth\.bearerFrom: secrets has no "acount"/,
  ],
  [
    'a secret in a body',
    "journeys:\n  - id: login\n    steps:\n      - { name: sign in, url: 'https://{domain}/login', method: POST, body: 'password={secret:other}' }\n",
    /^target\.yaml:6:77: journeys\[0\]\.steps\[0\]\.body: secrets has no "other"/,
  ],
  [
    'a value that nothing captures',
    "journeys:\n  - id: order\n    steps:\n      - { name: read, url: 'https://{domain}/orders/{order}' }\n",
    /^target\.yaml:6:28: journeys\[0\]\.steps\[0\]\.url: nothing before captures \{order\}/,
  ],
  [
    'two of a name',
    "uploads:\n  - { id: a, url: 'https://{domain}/a' }\n  - { id: a, url: 'https://{domain}/b' }\n",
    /^target\.yaml:5:11: uploads\[1\]\.id: two uploads are named a/,
  ],
  [
    'an id from nowhere',
    "uploads:\n  - id: a\n    url: 'https://{domain}/a'\n    download: 'https://{domain}/files/{id}'\n",
    /^target\.yaml:6:15: uploads\[0\]\.download: \{id\} needs `idPath`/,
  ],
  [
    'an expression that cannot be read',
    "defaultCredentials:\n  services:\n    - url: 'https://{domain}'\n      login: { path: /l, form: { a: '{username}' }, accepted: { bodyRegex: '(' }, refused: { status: 401 }, proof: { path: /me } }\n",
    /^target\.yaml:6:76: defaultCredentials\.services\[0\]\.login\.accepted\.bodyRegex: this regular expression cannot be read/,
  ],
  [
    'a literal password',
    "journeys:\n  - id: login\n    steps:\n      - { name: sign in, url: 'https://{domain}/login', method: POST, json: { password: hunter2 } }\n",
    /^target\.yaml:6:89: [\s\S]*literal secret/,
  ],
])('%s', (_name, part, wanted) => {
  expect(told(part).join('\n')).toMatch(wanted)
})
