import { describe, expect, test } from 'vitest'
import { inNetwork, isLoopback, isPrivateAddress, isPublic, isReserved } from './address.ts'

describe('kinds of addresses', () => {
  test.each([
    ['127.0.0.1', 'loopback'],
    ['127.255.0.9', 'loopback'],
    ['::1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['10.1.2.3', 'private'],
    ['172.16.0.1', 'private'],
    ['172.32.0.1', 'public'],
    ['192.168.1.1', 'private'],
    ['169.254.169.254', 'private'],
    ['100.64.0.1', 'private'],
    ['100.128.0.1', 'public'],
    ['fd00::1', 'private'],
    ['fe80::1', 'private'],
    ['192.0.2.7', 'reserved'],
    ['2001:db8::1', 'reserved'],
    ['0.0.0.0', 'reserved'],
    ['8.8.4.4', 'public'],
    ['2606:4700::1', 'public'],
    ['localhost', 'none'],
    ['', 'none'],
    ['1.2.3', 'none'],
  ])('%s is %s', (address, kind) => {
    expect([isLoopback(address), isPrivateAddress(address), isReserved(address), isPublic(address)]).toEqual([
      kind === 'loopback',
      kind === 'private',
      kind === 'reserved',
      kind === 'public',
    ])
  })

  test.each([
    ['192.0.2.77', '192.0.2.0/24', true],
    ['192.0.3.1', '192.0.2.0/24', false],
    ['192.0.2.1', '192.0.2.1', true],
    ['2001:db8::5', '2001:db8::/32', true],
    ['192.0.2.1', '2001:db8::/32', false],
    ['192.0.2.1', '192.0.2.0/33', false],
    ['192.0.2.1', '192.0.2.0/x', false],
    ['192.0.2.1', 'example.com', false],
  ])('%s in %s: %s', (address, network, expected) => {
    expect(inNetwork(address, network)).toBe(expected)
  })
})
