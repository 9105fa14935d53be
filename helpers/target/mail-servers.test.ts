import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadTarget } from './load.ts'
import { problemText } from './problems.ts'

let folder = ''
let count = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postproof-target-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true })
})
async function told(mail: string, secrets = ''): Promise<readonly string[]> {
  const path = join(folder, `target-${count++}.yaml`)
  await writeFile(path, `domain: example.com\n${secrets}mail:\n${mail}`)
  const loaded = await loadTarget(path, { APP_PASSWORD: 'value' })
  return loaded.ok ? [] : loaded.problems.map((problem) => problemText(problem).replace(path, 'target.yaml'))
}
const SECRETS = 'secrets: { appPassword: env:APP_PASSWORD }\n'

describe('mail servers in a target', () => {
  test.each([
    ['  mx: {}\n'],
    ['  mx: { hosts: [mx1.example.net], control: mx.example.org, foreign: postproof@example.org, blocklists: [zen.example.net] }\n'],
    ['  submission: [{ host: mail.example.com }]\n'],
    [
      '  submission: [{ host: mail.example.com, startTls: false, tls: 465, user: app, password: appPassword, senders: [app@example.com], foreignSender: x@example.org, minSizeBytes: 26214400 }]\n',
    ],
    ['  imap: [{ host: mail.example.com }, { host: b.example.com, tls: false, startTls: 143 }]\n'],
    ['  bimi: { selector: brand }\n'],
  ])('%j is right', async (mail) => expect(await told(mail, SECRETS)).toEqual([]))

  test.each<[string, string, RegExp]>([
    ['unknown key', '  mx:\n    host: mx1.example.net\n', /^target\.yaml:4:5: mail\.mx\.host: unknown key "host"[\s\S]*did you mean "hosts"/],
    ['no name', '  mx: { hosts: [192.0.2.1] }\n', /^target\.yaml:3:17: mail\.mx\.hosts\[0\]:[\s\S]*a name in full/],
    ['a recipient that is none', '  mx: { foreign: "Somebody <a@example.org>" }\n', /^target\.yaml:3:18: mail\.mx\.foreign:[\s\S]*a mail address/],
    ['no host', '  submission:\n    - tls: 465\n', /^target\.yaml:4:7: mail\.submission\[0\]: "host" is missing/],
    [
      'no port',
      '  submission:\n    - { host: mail.example.com, startTls: false }\n',
      /^target\.yaml:4:43: mail\.submission\[0\]\.startTls:[\s\S]*without any port/,
    ],
    ['one port for both', '  submission:\n    - { host: mail.example.com, tls: 587 }\n', /^target\.yaml:4:38: mail\.submission\[0\]\.tls:[\s\S]*cannot both/],
    [
      'a password without a user',
      '  submission:\n    - { host: mail.example.com, password: appPassword }\n',
      /^target\.yaml:4:43: mail\.submission\[0\]\.password:[\s\S]*without a user/,
    ],
    [
      'senders without a password',
      '  submission:\n    - { host: mail.example.com, senders: [a@example.com] }\n',
      /^target\.yaml:4:42: mail\.submission\[0\]\.senders:[\s\S]*must sign in/,
    ],
    [
      'a foreign sender without a password',
      '  submission:\n    - { host: mail.example.com, foreignSender: a@example.com }\n',
      /^target\.yaml:4:48: mail\.submission\[0\]\.foreignSender:[\s\S]*must sign in/,
    ],
    [
      'own and foreign at once',
      '  submission:\n    - { host: m.example.com, user: a, password: appPassword, senders: [a@example.com], foreignSender: a@example.com }\n',
      /^target\.yaml:4:103: mail\.submission\[0\]\.foreignSender:[\s\S]*one of the senders as well/,
    ],
    [
      'a secret nobody declared',
      '  submission:\n    - { host: m.example.com, user: a, password: appPasswort }\n',
      /^target\.yaml:4:49: mail\.submission\[0\]\.password: this looks like a literal secret\n +found: \(hidden, 11 characters\)/,
    ],
    ['IMAP without a port', '  imap:\n    - { host: m.example.com, tls: false }\n', /^target\.yaml:4:35: mail\.imap\[0\]\.tls:[\s\S]*without any port/],
    ['an empty logo', '  bimi: {}\n', /^target\.yaml:3:9: mail\.bimi:[\s\S]*say which selector/],
  ])('%s', async (_, mail, text) => {
    const problems = await told(mail, SECRETS)
    const shifted = problems.map((one) => one.replace(/^target\.yaml:(\d+)/, (_whole, line: string) => `target.yaml:${Number(line) - 1}`))
    expect(shifted.join('\n')).toMatch(text)
  })
  test('a literal password is hidden and refused', async () => {
    const problems = await told('  submission: [{ host: m.example.com, user: a, password: "hunter2 hunter2" }]\n')
    expect(problems.join('\n')).toContain('password')
    expect(problems.join('\n')).toMatch(/literal secret|entry of `secrets`/)
  })
})
