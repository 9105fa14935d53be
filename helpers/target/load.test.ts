import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pinnedAddresses, realPort, type Target } from '../target.ts'
import { loadTarget } from './load.ts'
import { nearest, problemText } from './problems.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postproof-target-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true })
})

let count = 0
async function write(source: string | Uint8Array, ending = 'yaml'): Promise<string> {
  const path = join(folder, `target-${count++}.${ending}`)
  await writeFile(path, source)
  return path
}
async function told(source: string | Uint8Array, ending?: string): Promise<readonly string[]> {
  const path = await write(source, ending)
  const loaded = await loadTarget(path, { GIVEN: 'value' })
  return loaded.ok ? [] : loaded.problems.map((problem) => problemText(problem).replace(path, 'target.yaml'))
}
async function good(source: string, ending?: string): Promise<Target> {
  const loaded = await loadTarget(await write(source, ending), { GIVEN: 'value' })
  if (!loaded.ok) throw new Error(loaded.problems.map(problemText).join('\n'))
  return loaded.target
}

describe('every user error names its place and what would be right', () => {
  test.each<[string, string, readonly RegExp[]]>([
    [
      'unknown key',
      'domain: example.com\nhosts:\n  api:\n    tls: { minDayLeft: 3 }\n',
      [/^target.yaml:4:12: hosts\.api\.tls\.minDayLeft: unknown key "minDayLeft"\n +found: minDayLeft\n +did you mean "minDaysLeft"\?$/],
    ],
    ['unknown key at the top', 'domain: example.com\nhots: {}\n', [/^target.yaml:2:1: hots: unknown key[\s\S]*did you mean "hosts"\?$/]],
    ['wrong value', 'domain: example.com\ngate: { block: hgh }\n', [/^target.yaml:2:16: gate\.block:[\s\S]*found: hgh[\s\S]*expected one of: critical, high/]],
    ['wrong type', 'domain: example.com\nlimits: { connections: many }\n', [/^target.yaml:2:24: limits\.connections:[\s\S]*found: many[\s\S]*expected/]],
    [
      'load on what is no web address',
      'domain: example.com\nperformance: { load: [{ url: "wss://example.com/" }] }\n',
      [/performance\.load\[0\]\.url:[\s\S]*http\(s\)/],
    ],
    [
      'more load than anybody should ask for',
      'domain: example.com\nperformance: { load: [{ url: "https://example.com/", requests: 1000000 }] }\n',
      [/performance\.load\[0\]\.requests/],
    ],
    ['a slow line without a time', 'domain: example.com\nperformance: { throttled: { roundTripMs: 40 } }\n', [/performance\.throttled/]],
    ['missing domain', 'name: shop\n', [/^target.yaml:1:1: "domain" is missing/]],
    ['not a domain', 'domain: https://example.com/\n', [/^target.yaml:1:9: domain:[\s\S]*such as example\.com/]],
    [
      'literal secret',
      'domain: example.com\nsecrets:\n  pw: hunter2hunter2\n',
      [/^target.yaml:3:7: secrets\.pw: a secret must not stand in the file[\s\S]*env:NAME/],
    ],
    [
      'literal secret elsewhere',
      'domain: example.com\nhosts: { "@": { title: x } }\nchecks: { a/b: { options: { apiToken: abcdef } } }\n',
      [/^target.yaml:3:39: checks\.a\/b\.options\.apiToken: this looks like a literal secret/],
    ],
    ['placeholder', 'domain: yourdomain.com\n', [/^target.yaml:1:9: domain: an unresolved placeholder[\s\S]*found: yourdomain\.com/]],
    ['braces placeholder', 'domain: example.com\nname: "{{DOMAIN}}"\n', [/^target.yaml:2:7: name: an unresolved placeholder/]],
    ['missing CA file', 'domain: example.com\nnetwork:\n  trust: [ca.pem]\n', [/^target.yaml:3:11: network\.trust\[0\]: ca\.pem cannot be read: ENOENT/]],
    ['unset variable', 'domain: example.com\nsecrets: { a: "env:NOT_GIVEN" }\n', [/^target.yaml:2:15: secrets\.a: the environment has no NOT_GIVEN/]],
    [
      'unknown profile',
      'domain: example.com\nheaderProfiles: { strict: {} }\nhosts: { api: { profile: strct } }\n',
      [/^target.yaml:3:26: hosts\.api\.profile: headerProfiles has no "strct"[\s\S]*did you mean "strict"\?$/],
    ],
    [
      'open and closed',
      'domain: example.com\nexposure: { open: [80], closed: [81, 80] }\n',
      [/^target.yaml:2:38: exposure\.closed\[1\]: port 80 is declared both open and closed/],
    ],
    [
      'unknown host',
      'domain: example.com\nhosts: { api: {} }\ncors: [{ host: app, origins: ["https://a.example"] }]\n',
      [/^target.yaml:3:16: cors\[0\]\.host: no host is named "app"/],
    ],
    [
      'pin that is no address',
      'domain: example.com\nnetwork: { addresses: { "*.example.com": localhost } }\n',
      [/^target.yaml:2:42: network\.addresses\.\*\.example\.com: "localhost" is not an IP address/],
    ],
    ['duplicate key', 'domain: example.com\ndomain: example.org\n', [/^target.yaml:2:1: not YAML: Map keys must be unique/]],
    ['broken YAML', 'domain: [a\n', [/^target.yaml:2:1: not YAML/]],
    ['not a mapping', '- a\n- b\n', [/^target.yaml:1:1: a target is a mapping/]],
    ['empty matcher', 'domain: example.com\ndefaults: { headers: { X-A: {} } }\n', [/^target.yaml:2:29: defaults\.headers\.X-A/]],
    ['text where a map belongs', 'domain: example.com\ngate: strict\n', [/^target.yaml:2:7: gate:[\s\S]*found: strict\n +expected a map with any of: block$/]],
    [
      'a list where a map belongs',
      'domain: example.com\nhosts: [app]\n',
      [/^target.yaml:2:8: hosts:[\s\S]*found: \[app\]\n +expected a map: \{ name: value \}$/],
    ],
    [
      'a map that was left empty',
      'domain: example.com\nhosts: { app: }\n',
      [/^target.yaml:2:15: hosts\.app:[\s\S]*expected a map with any of: [^\n]*; \{\} where/],
    ],
    ['no host at all', 'domain: example.com\nhosts: {}\n', [/^target.yaml:2:8: hosts: no host to look at/]],
    ['text where a list belongs', 'domain: example.com\nnetwork: { trust: ca.pem }\n', [/^target.yaml:2:19: network\.trust:[\s\S]*expected a list/]],
    [
      'a number in quotes',
      'domain: example.com\nexposure: { closed: ["22"] }\n',
      [/^target.yaml:2:22: exposure\.closed\[0\]:[\s\S]*expected a number, without quotes$/],
    ],
    [
      'a word that is missing',
      'domain: example.com\nauth: { accounts: [] }\n',
      [/^target.yaml:2:7: auth: "kind" is missing\n +found: \{ accounts: … \}\n +expected one of: jwt/, /^target.yaml:2:19: auth\.accounts/],
    ],
    [
      'a placeholder as a name',
      'domain: example.com\nheaderProfiles: { "{{NAME}}": {} }\n',
      [/^target.yaml:2:19: headerProfiles\.\{\{NAME\}\}: an unresolved placeholder/],
    ],
    ['nothing but a comment', '# later\n', [/^target.yaml:1:1: nothing stands in this file\n +start with `domain: example\.com`$/]],
    [
      'an alias that leads nowhere',
      'domain: example.com\nname: *other\n',
      [/^target.yaml:1:1: not usable YAML: an alias leads nowhere\n +a text that begins with \* needs quotes$/],
    ],
    [
      'several at once',
      'domain: example.com\ngate: { block: no }\nsecrets: { a: plain }\nhosts: { api: { profile: x } }\n',
      [/^target.yaml:2/, /^target.yaml:3/, /^target.yaml:4/],
    ],
  ])('%s', async (_name, source, expected) => {
    const problems = await told(source)
    expect(problems).toHaveLength(expected.length)
    expected.forEach((pattern, index) => expect(problems[index]).toMatch(pattern))
  })

  test.each([
    ['in its own problem', 'secrets:\n  pw: hunter2hunter2\n'],
    ['in one of what it stands in', 'auth: { accounts: [{ username: a, password: hunter2 }] }\n'],
    ['in one of a list beside it', 'mail: { submission: [{ password: hunter2 }] }\nname: [hunter2, b]\n'],
    [
      'as a name of a secret',
      'backups: [{ id: a, dir: "s3://b/c", s3: { endpoint: "https://s3.example.com", accessKeyId: hunter2, secretAccessKey: hunter2 }, foo: [hunter2] }]\n',
    ],
    ['where YAML ends', 'secrets:\n  a: hunter2: b\n'],
    ['in a quote that is not closed', 'secrets:\n  a: "hunter2\n'],
    ['taken for an alias', 'secrets:\n  a: *hunter2\n'],
    ['taken for a tag', 'secrets:\n  a: !hunter2\n'],
    ['in a map where text belongs', 'secrets: { a: { b: hunter2 } }\n'],
    ['in a list where text belongs', 'secrets: { a: [hunter2] }\n'],
  ])('a literal secret is never printed: %s', async (_name, source) => {
    const problems = await told(`domain: example.com\n${source}`)
    expect(problems).not.toEqual([])
    expect(problems.join()).not.toContain('hunter2')
  })
  test.each([
    ['https://www.example.com/login', /give the domain alone: www\.example\.com$/],
    ['localhost', /network: \{ addresses:/],
    ['http://10.0.0.1:8080/', /network: \{ addresses:/],
    ['::1', /network: \{ addresses:/],
    ['no such thing', /a target file \(\.yaml, \.ts\) or a domain/],
  ])('%s is neither a file nor a domain', async (given, hint) => {
    const loaded = await loadTarget(given, {})
    expect(loaded.ok ? [] : loaded.problems.map(problemText)).toEqual([expect.stringMatching(hint)])
  })

  test('an alias bomb is refused', async () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
      .split('')
      .map(
        (name, index) =>
          `${name}: &${name} [${Array(9)
            .fill(`*${'abcdefg'[index] ?? ''}`)
            .join(',')}]`,
      )
      .join('\n')}\ndomain: example.com\n`
    expect((await told(bomb))[0]).toMatch(/not usable YAML/)
  })

  test.each<[string, string | Uint8Array, string, RegExp]>([
    ['bytes that are no text', new Uint8Array([0xff, 0xfe, 0x00]), 'yaml', /not UTF-8/],
    ['an unknown ending', 'domain: example.com', 'toml', /no ending that says how to read it/],
    ['a module that throws', 'throw new Error("nope")', 'mjs', /cannot be imported: nope/],
    ['a module without a default', 'export const a = 1', 'mjs', /no default export/],
    ['a module with a wrong key', 'export default { domain: "example.com", hots: {} }', 'mjs', /unknown key "hots"/],
  ])('%s', async (_name, source, ending, expected) => {
    expect((await told(source, ending)).join()).toMatch(expected)
  })

  test('files that the target names', async () => {
    const empty = basename(await write('\n', 'txt'))
    expect(await told(`domain: example.com\nnetwork: { trust: [${empty}] }\nsecrets: { a: "file:${empty}", b: "file:absent.txt" }\n`)).toEqual([
      expect.stringMatching(/^target\.yaml:2:20: network\.trust\[0\]: \S+ holds no PEM certificate\n[\s\S]*BEGIN CERTIFICATE/),
      expect.stringMatching(/^target\.yaml:3:15: secrets\.a: \S+ is empty\n[\s\S]*use env:NAME/),
      expect.stringMatching(/^target\.yaml:3:\d+: secrets\.b: absent\.txt cannot be read: ENOENT\n[\s\S]*relative to the target file/),
    ])
  })
  test('a file of five megabytes is no target', async () => {
    expect(await told('#'.repeat(5 * 1024 * 1024))).toEqual([expect.stringMatching(/this is no target file: 5242880 bytes\n? *.*at most 4 MiB/)])
  })
  test('no such file, and a folder', async () => {
    for (const [given, message] of [
      [join(folder, 'absent.yaml'), /no such file/],
      [folder, /this is a folder/],
    ] as const) {
      const loaded = await loadTarget(given)
      expect(loaded.ok ? '' : loaded.problems.map(problemText).join()).toMatch(message)
    }
  })
})

describe('a good target', () => {
  test('three lines are enough', async () => {
    const target = await good('domain: Example.COM\n')
    expect(target.hosts.map((host) => host.fqdn)).toEqual(['example.com', 'www.example.com'])
    expect(target.hosts[0]).toMatchObject({ kind: 'page', status: [200], redirect: { status: [301, 308] } })
  })

  test('a bare domain needs no file', async () => {
    const loaded = await loadTarget('example.com')
    expect(loaded.ok && loaded.target.discovered).toBe(true)
  })

  test('hosts inherit defaults and profiles, names in lower case', async () => {
    const target = await good(
      'domain: example.com\ndefaults: { headers: { X-A: a, X-B: b } }\nheaderProfiles: { p: { x-b: c } }\nhosts: { api: { kind: api, profile: p, headers: { X-C: d }, status: [200, 404] } }\n',
    )
    expect(target.hosts[0]?.headers).toEqual({ 'x-a': 'a', 'x-b': 'c', 'x-c': 'd' })
    expect(target.hosts[0]?.status).toEqual([200, 404])
  })

  test('TypeScript targets load too', async () => {
    expect((await good('export default { domain: "example.com", hosts: { api: {} } }', 'mjs')).hosts[0]?.fqdn).toBe('api.example.com')
  })

  test('secrets are resolved by reference', async () => {
    const loaded = await loadTarget(await write('domain: example.com\nsecrets: { a: "env:GIVEN" }\n'), { GIVEN: 'value' })
    expect(loaded.ok && loaded.secrets.get('a')).toBe('value')
  })

  test('pins and ports', async () => {
    const target = await good(
      'domain: example.com\nnetwork:\n  addresses: { "*.example.com": 127.0.0.1, api.example.com: [127.0.0.2, "::1"] }\n  ports: { http: 8080, https: 8443, "6379": 16379 }\n',
    )
    expect(pinnedAddresses(target, 'api.example.com')).toEqual(['127.0.0.2', '::1'])
    expect(pinnedAddresses(target, 'x.y.example.com')).toEqual(['127.0.0.1'])
    expect(pinnedAddresses(target, 'example.com')).toBeUndefined()
    expect([80, 443, 6379, 22].map((port) => realPort(target, port))).toEqual([8080, 8443, 16379, undefined])
  })
})

test('nearest tells a slip from another word', () => {
  expect(nearest('hots', ['hosts', 'name'])).toBe('hosts')
  expect(nearest('zebra', ['hosts', 'name'])).toBeUndefined()
})
