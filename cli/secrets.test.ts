/** Secrets and hostile bytes: a target that throws back what it was told, and what should never reach a terminal or a page. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { worldWith } from '../fixtures/proof.ts'
import { startWorld, type WorldResponse } from '../fixtures/world.ts'
import { redactor } from '../reports/redact.ts'
import { type Ended, postproof, yaml } from './testing/postproof.ts'

const folder = mkdtempSync(join(tmpdir(), 'postproof-secrets-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Verifies a world whose api and app hosts answer with these headers and this title, and returns all that was printed and written. */
async function everythingSaid(
  name: string,
  headers: readonly (readonly [string, string])[],
  text: string,
  secret: string,
): Promise<{ readonly ended: Ended; readonly files: ReadonlyMap<string, string> }> {
  const spec = await worldWith([])
  for (const host of [spec.hosts['api'], spec.hosts['app']]) {
    if (host === undefined) throw new Error('the world has neither api nor app')
    const { https, http } = host
    const spoil = (answer: WorldResponse): WorldResponse => ({
      ...answer,
      headers: [...(answer.headers ?? []).filter(([known]) => !headers.some(([given]) => given.toLowerCase() === known.toLowerCase())), ...headers],
    })
    host.https = async (request) => {
      const answer = spoil(await https(request))
      return request.path === '/' ? { ...answer, body: `<!doctype html><title>${text}</title><h1>${text}</h1>` } : answer
    }
    host.http = async (request) => spoil(await http(request))
  }
  const world = await startWorld(spec)
  const out = join(folder, name)
  try {
    const file = join(folder, `${name}.yaml`)
    writeFileSync(file, yaml({ ...world.input, secrets: { canary: 'env:POSTPROOF_CANARY' } }))
    const ended = await postproof(['verify', file, '--debug', '--host', 'api,app', '--report', out], { env: { POSTPROOF_CANARY: secret }, timeoutMs: 230_000 })
    return { ended, files: new Map(readdirSync(out).map((entry) => [entry, readFileSync(join(out, entry), 'utf8')])) }
  } finally {
    await world.stop()
  }
}

test('a secret that the target throws back appears nowhere, in no encoding', async () => {
  const secret = `canary/+7"<${'x9Zq'.repeat(5)}&é`
  const bytes = Buffer.from(secret)
  // Written out anew here: the redactor must not be asked what it redacts.
  const forms = {
    plain: secret,
    base64: bytes.toString('base64'),
    'base64, unpadded': bytes.toString('base64').replaceAll('=', ''),
    base64url: bytes.toString('base64url'),
    hex: bytes.toString('hex'),
    HEX: bytes.toString('hex').toUpperCase(),
    percent: encodeURIComponent(secret),
    'percent, lower case': encodeURIComponent(secret).replaceAll(/%[0-9A-F]{2}/g, (one) => one.toLowerCase()),
    JSON: JSON.stringify(secret).slice(1, -1),
    HTML: secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;'),
  }
  const latin = (text: string): string => Buffer.from(text).toString('latin1')
  const { ended, files } = await everythingSaid(
    'thrown-back',
    [
      ['server', `nginx/1.2.3 (${latin(forms.plain)})`],
      ['x-powered-by', forms.base64],
      ['strict-transport-security', `max-age=${forms.hex}`],
      ['content-security-policy', `default-src ${forms.percent}`],
      ['referrer-policy', forms.HEX],
      ['x-frame-options', forms.base64url],
      ['location', `https://example.org/?t=${forms.percent}&b=${Buffer.from(`user:${secret}`).toString('base64')}`],
      ['set-cookie', `session=${forms['base64, unpadded']}; Path=/`],
      ['permissions-policy', latin(forms.JSON)],
    ],
    forms.HTML,
    secret,
  )
  expect(ended.status, ended.stderr.slice(-500)).toBe(1)
  const said = new Map([...files, ['standard output', ended.stdout], ['standard error', ended.stderr]])
  for (const [place, text] of said)
    for (const [form, value] of Object.entries(forms)) {
      expect(text.includes(value), `${form} in ${place}`).toBe(false)
      expect(text.includes(JSON.stringify(value).slice(1, -1)), `${form}, in JSON, in ${place}`).toBe(false)
    }
  for (const [place, text] of said) expect(/.{0,80}canary\/.{0,60}/.exec(text)?.[0], `its first letters in ${place}`).toBeUndefined()
  // It was there to be seen: evidence stands in the report with its place taken.
  expect(files.get('report.json')?.split('<secret>').length ?? 0).toBeGreaterThan(8)
}, 240_000)

test('bytes that steer a terminal, turn a line round or make markup stand as text', async () => {
  const hostile = '\u001b[2J\u001b]0;owned\u0007\u009b31m\u202e<script>window.owned=1</script>\u0000'
  const { ended, files } = await everythingSaid(
    'hostile',
    [
      ['server', 'nginx\u009b31m'],
      ['x-powered-by', 'PHP/5.1 <img src=x onerror=alert(1)>'],
    ],
    hostile,
    'nothing-of-the-kind',
  )
  expect(ended.status, ended.stderr.slice(-500)).toBe(1)
  // biome-ignore lint: the characters a terminal acts on are what is looked for
  const steers = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/
  for (const [place, text] of [...files, ['standard output', ended.stdout] as const, ['standard error', ended.stderr] as const]) {
    const found = steers.exec(text)
    expect(found === null ? '' : JSON.stringify(text.slice(Math.max(0, found.index - 40), found.index + 20)), place).toBe('')
  }
  expect(files.get('report.html')).not.toContain('<script>window.owned')
  expect(spawnSync('xmllint', ['--noout', '--nonet', join(folder, 'hostile', 'junit.xml')], { encoding: 'utf8' }).stderr).toBe('')
}, 240_000)

describe('the redactor', () => {
  test('what is left of a secret that was cut goes too', () => {
    const clean = redactor(new Map([['one', 'correct-horse-battery']]))
    expect(clean('value correct-horse-b… (300 characters)')).toBe('value <secret>… (300 characters)')
    expect(clean('value correct-ho')).toBe('value <secret>')
    expect(clean('correct… and correct-horse-battery and corr')).toBe('<secret>… and <secret> and corr')
    expect(clean('nothing… here')).toBe('nothing… here')
  })
  test.each<[string, string, string]>([
    ['is the identity without secrets', '', 'a text'],
    ['takes every form', 'p@ss/word+1', `p@ss/word+1 ${Buffer.from('p@ss/word+1').toString('base64')} ${encodeURIComponent('p@ss/word+1')}`],
    ['finds it inside a longer base64', 'correct-horse-battery', Buffer.from('admin:correct-horse-battery').toString('base64')],
  ])('%s', (_name, secret, text) => {
    const clean = redactor(new Map(secret === '' ? [] : [['one', secret]]))(text)
    if (secret === '') expect(clean).toBe(text)
    else {
      expect(clean).toContain('<secret>')
      expect(clean).not.toContain(secret)
      for (const offset of [0, 1, 2]) {
        const middle = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)])
          .toString('base64')
          .slice(4, -4)
        if (middle.length >= 8) expect(clean).not.toContain(middle)
      }
    }
  })
})
