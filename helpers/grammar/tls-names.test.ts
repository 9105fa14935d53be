import { execFileSync } from 'node:child_process'
import { getCiphers } from 'node:tls'
import { describe, expect, test } from 'vitest'
import {
  alertName,
  CIPHER_SUITES,
  groupName,
  REFUSING_ALERTS,
  signatureName,
  SUITE_CLASSES,
  type SuiteClass,
  suiteById,
  suiteClass,
  suiteName,
  suiteNamed,
  versionName,
} from './tls-names.ts'

describe('cipher suites', () => {
  test('each once, by number, by either name', () => {
    expect(CIPHER_SUITES.length).toBeGreaterThan(150)
    for (const pick of [({ id }: { id: number }) => id, ({ name }: { name: string }) => name, ({ openssl }: { openssl: string }) => openssl])
      expect(new Set(CIPHER_SUITES.map(pick as never)).size).toBe(CIPHER_SUITES.length)
    for (const suite of CIPHER_SUITES) {
      expect(suiteById(suite.id)).toBe(suite)
      expect(suiteNamed(suite.name)).toBe(suite)
      expect(suiteNamed(suite.openssl)).toBe(suite)
    }
    expect([suiteById(0xdada), suiteNamed('NONE'), suiteName(0xdada), suiteName(0x000a)]).toEqual([undefined, undefined, '0xdada', 'DES-CBC3-SHA'])
  })

  test('OpenSSL knows its own by the same numbers, names and parts', () => {
    const rows = execFileSync('openssl', ['ciphers', '-V', '-stdname', 'ALL:COMPLEMENTOFALL:eNULL:@SECLEVEL=0'], { encoding: 'utf8' }).trim().split('\n')
    let compared = 0
    for (const row of rows) {
      const read = /0x(..),0x(..) - (\S+)\s+- (\S+)\s+\S+\s+Kx=(\S+)\s+Au=(\S+)\s+Enc=(\S+)\s+Mac=(\S+)/.exec(row)
      if (read === null) throw new Error(row)
      const [, high, low, name, openssl, exchange = '', authentication = '', encryption = '', mac = ''] = read
      // Shared secrets, SRP and GOST have no place on a public web server.
      if (/PSK|SRP|GOST/.test(`${name} ${openssl}`)) continue
      const suite = suiteById(Number.parseInt(`${high}${low}`, 16))
      if (suite === undefined) throw new Error(`${name} is missing`)
      compared += 1
      expect([suite.name, suite.openssl]).toEqual([name, openssl])
      const kinds: Record<string, readonly string[]> = { DH: ['DHE', 'DH'], ECDH: ['ECDHE', 'ECDH'], RSA: ['RSA'], any: ['any'] }
      expect(kinds[exchange], row).toContain(suite.keyExchange)
      expect({ None: 'anonymous', DSS: 'DSS', RSA: 'RSA', ECDSA: 'ECDSA', any: 'any' }[authentication], row).toBe(suite.authentication)
      expect({ SHA1: 'SHA' }[mac] ?? mac, row).toBe(suite.mac)
      const bits = Number(/\((\d+)\)/.exec(encryption)?.[1] ?? 0)
      // OpenSSL counts the 168 bits that three DES keys have.
      expect(suite.strengthBits, row).toBe(bits === 168 ? 112 : bits)
      expect(suite.mode, row).toBe(encryption === 'None' ? 'null' : mac === 'AEAD' ? 'aead' : encryption.startsWith('RC4') ? 'stream' : 'cbc')
    }
    expect(compared).toBeGreaterThan(80)
  })

  test('every suite our own library speaks is known', () => {
    const names = getCiphers()
      .map((name) => name.toUpperCase())
      .filter((name) => !/PSK|SRP/.test(name))
    expect(names.length).toBeGreaterThan(30)
    for (const name of names) expect(suiteNamed(name), name).toBeDefined()
  })

  test.each<[string, SuiteClass]>([
    ['NULL-SHA256', 'null'],
    ['AECDH-NULL-SHA', 'null'],
    ['EXP-ADH-RC4-MD5', 'export'],
    ['EXP1024-RC4-SHA', 'export'],
    ['ADH-AES256-GCM-SHA384', 'anonymous'],
    ['AECDH-DES-CBC3-SHA', 'anonymous'],
    ['RC4-MD5', 'broken'],
    ['ECDHE-RSA-RC4-SHA', 'broken'],
    ['IDEA-CBC-SHA', 'broken'],
    ['DHE-RSA-SEED-SHA', 'broken'],
    ['EDH-RSA-DES-CBC-SHA', 'broken'],
    ['ECDHE-RSA-DES-CBC3-SHA', '3des'],
    ['AES128-GCM-SHA256', 'static-rsa'],
    ['CAMELLIA256-SHA', 'static-rsa'],
    ['DH-RSA-AES128-SHA', 'static-dh'],
    ['DHE-RSA-AES256-GCM-SHA384', 'dhe'],
    ['DHE-DSS-AES128-SHA', 'dhe'],
    ['ECDHE-ECDSA-AES256-SHA384', 'cbc'],
    ['ECDHE-RSA-CHACHA20-POLY1305', 'strong'],
    ['TLS_AES_128_GCM_SHA256', 'strong'],
  ])('%s is %s', (name, expected) => {
    const suite = suiteNamed(name)
    if (suite === undefined) throw new Error(name)
    expect(suiteClass(suite)).toBe(expected)
  })
  test('every suite has a class, every class has suites', () => {
    expect(new Set(CIPHER_SUITES.map(suiteClass))).toEqual(new Set(SUITE_CLASSES))
    // What is strong gives no one anything to break: ephemeral, authenticated encryption of 128 bits or more.
    for (const suite of CIPHER_SUITES.filter((one) => suiteClass(one) === 'strong'))
      expect([['ECDHE', 'any'].includes(suite.keyExchange), suite.mode, suite.strengthBits >= 128, suite.exported]).toEqual([true, 'aead', true, false])
  })
})

test('names of numbers, known and unknown', () => {
  expect([groupName(29), groupName(23), groupName(0x11ec), groupName(0x2a2a)]).toEqual(['X25519', 'P-256', 'X25519MLKEM768', '0x2a2a'])
  expect([signatureName(0x0403), signatureName(0x0201), signatureName(0xfefe)]).toEqual([
    expect.stringMatching(/ecdsa/i),
    expect.stringMatching(/sha1/i),
    '0xfefe',
  ])
  expect([0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x7f1c].map(versionName)).toEqual(['SSLv3', 'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3', '0x7f1c'])
  expect([alertName(70), alertName(112), alertName(7)]).toEqual(['protocol_version', 'unrecognized_name', 'number_7'])
})

test('an alert that refuses has a name; none that closes, remarks or complains of our bytes refuses', () => {
  expect([...REFUSING_ALERTS].map(alertName)).toEqual([
    'handshake_failure',
    'illegal_parameter',
    'protocol_version',
    'insufficient_security',
    'internal_error',
    'inappropriate_fallback',
    'unrecognized_name',
    'no_application_protocol',
  ])
})
