import { assert, property, string, uint8Array } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readServiceBinding, readServiceBindingText } from './service-binding.ts'

const uint16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255])
const name = (text: string): Buffer =>
  Buffer.concat([...(text === '' ? [] : text.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]))), Buffer.from([0])])
const parameter = (key: number, value: Buffer): Buffer => Buffer.concat([uint16(key), uint16(value.length), value])
const record = (priority: number, target: string, ...parameters: Buffer[]): Buffer => Buffer.concat([uint16(priority), name(target), ...parameters])
const alpn = (...ids: string[]): Buffer => parameter(1, Buffer.concat(ids.map((id) => Buffer.concat([Buffer.from([id.length]), Buffer.from(id)]))))

describe('RFC 9460, appendix D', () => {
  test.each<[string, Buffer, object]>([
    ['alias', record(0, 'foo.example.com'), { priority: 0, target: 'foo.example.com', alpn: [], text: '0 foo.example.com' }],
    ['service without parameters, at the owner', record(1, ''), { priority: 1, target: '', text: '1 .' }],
    ['port', record(16, 'foo.example.com', parameter(3, uint16(53))), { port: 53, text: '16 foo.example.com port=53' }],
    ['unknown key', record(1, 'foo.example.com', parameter(667, Buffer.from('hello'))), { text: '1 foo.example.com key667' }],
    [
      'two IPv6 hints',
      record(1, 'foo.example.com', parameter(6, Buffer.from('20010db800000000000000000000000120010db8000000000000000000530001', 'hex'))),
      { ipv6hint: ['2001:db8:0:0:0:0:0:1', '2001:db8:0:0:0:0:53:1'] },
    ],
    [
      'alpn and IPv4 hint',
      record(16, 'foo.example.org', alpn('h2', 'h3-19'), parameter(4, Buffer.from([192, 0, 2, 1]))),
      { alpn: ['h2', 'h3-19'], ipv4hint: ['192.0.2.1'] },
    ],
    ['ech in base64', record(1, '', parameter(5, Buffer.from([0, 2, 0xfe, 0x0d]))), { ech: true, echConfigs: 'AAL+DQ==', text: '1 . ech=AAL+DQ==' }],
    ['no-default-alpn beside alpn', record(1, '', alpn('h2'), parameter(2, Buffer.alloc(0))), { noDefaultAlpn: true }],
    ['names in lower case', record(1, 'FOO.Example'), { target: 'foo.example' }],
  ])('%s', (_name, bytes, expected) => {
    const reading = readServiceBinding(bytes)
    if (!reading.ok) throw new Error(reading.error)
    expect(reading.value).toMatchObject(expected)
    // The presentation form says the same.
    const again = readServiceBindingText(reading.value.text)
    expect(again.ok && again.value).toEqual(reading.value)
  })
})

describe('what breaks the format', () => {
  test.each<[string, Buffer]>([
    ['empty', Buffer.alloc(0)],
    ['priority alone', uint16(1)],
    ['a name without end', Buffer.concat([uint16(1), Buffer.from([3, 97, 98])])],
    ['a label of 64 bytes', Buffer.concat([uint16(1), Buffer.from([64]), Buffer.alloc(64, 97), Buffer.from([0])])],
    ['compression in the name', Buffer.concat([uint16(1), Buffer.from([0xc0, 12])])],
    ['a parameter cut in its head', Buffer.concat([record(1, ''), Buffer.from([0, 1, 0])])],
    ['a parameter longer than the record', Buffer.concat([record(1, ''), uint16(1), uint16(9), Buffer.from([2, 104, 50])])],
    ['keys in descending order', record(1, '', parameter(3, uint16(1)), alpn('h2'))],
    ['a key twice', record(1, '', parameter(3, uint16(1)), parameter(3, uint16(1)))],
    ['an empty alpn', record(1, '', parameter(1, Buffer.alloc(0)))],
    ['an alpn id of no bytes', record(1, '', parameter(1, Buffer.from([0])))],
    ['an alpn id longer than its value', record(1, '', parameter(1, Buffer.from([9, 104])))],
    ['no-default-alpn without alpn', record(1, '', parameter(2, Buffer.alloc(0)))],
    ['a port of three bytes', record(1, '', parameter(3, Buffer.alloc(3)))],
    ['an IPv4 hint of five bytes', record(1, '', parameter(4, Buffer.alloc(5)))],
    ['an empty hint', record(1, '', parameter(4, Buffer.alloc(0)))],
    ['an IPv6 hint of four bytes', record(1, '', parameter(6, Buffer.alloc(4)))],
  ])('%s', (_name, bytes) => {
    expect(readServiceBinding(bytes).ok).toBe(false)
  })
  test.each(['', 'malformed: the target name is cut', 'x .', '1', '999999 .'])('as text: %s', (text) => {
    expect(readServiceBindingText(text).ok).toBe(false)
  })
  test('rubbish never throws', () => {
    assert(property(uint8Array({ maxLength: 300 }), (bytes) => typeof readServiceBinding(bytes).ok === 'boolean'))
    assert(property(string({ maxLength: 300 }), (text) => typeof readServiceBindingText(text).ok === 'boolean'))
  })
  test('a record of 64 kB is read in time', () => {
    const start = performance.now()
    readServiceBinding(record(1, '', parameter(1, Buffer.alloc(65_000, 1))))
    expect(performance.now() - start).toBeLessThan(500)
  })
})
