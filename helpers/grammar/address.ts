/** What kind of place an IP address is (RFC 6890 special-purpose registries). Pure; text that is no address is of no kind. */
import { BlockList, isIP } from 'node:net'

const list = (networks: readonly string[]): BlockList => {
  const made = new BlockList()
  for (const network of networks) {
    const [address = '', bits = ''] = network.split('/')
    made.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
  return made
}
const LOOPBACK = list(['127.0.0.0/8', '::1/128'])
const PRIVATE = list(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '100.64.0.0/10', 'fc00::/7', 'fe80::/10'])
const NOWHERE = list(['0.0.0.0/8', '192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '198.18.0.0/15', '240.0.0.0/4', '::/128', '2001:db8::/32', '100::/64'])

/** IPv4-mapped IPv6 addresses are the IPv4 address they carry. */
const plain = (address: string): string => {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  return mapped?.[1] ?? address
}
const within = (blocks: BlockList, address: string): boolean => {
  const one = plain(address)
  const family = isIP(one)
  return family !== 0 && blocks.check(one, family === 6 ? 'ipv6' : 'ipv4')
}

export const isLoopback = (address: string): boolean => within(LOOPBACK, address)
/** RFC 1918, link-local, CGNAT, ULA: reachable from inside only. Loopback is not among them. */
export const isPrivateAddress = (address: string): boolean => within(PRIVATE, address)
/** Documentation, benchmarking, unspecified, reserved: nobody's. */
export const isReserved = (address: string): boolean => within(NOWHERE, address)
export const isPublic = (address: string): boolean => isIP(plain(address)) !== 0 && !isLoopback(address) && !isPrivateAddress(address) && !isReserved(address)

/** @param network `192.0.2.0/24`, `2001:db8::/32` or a single address; anything else contains nothing */
export function inNetwork(address: string, network: string): boolean {
  const slash = network.indexOf('/')
  const base = plain(slash < 0 ? network : network.slice(0, slash))
  const one = plain(address)
  const family = isIP(base)
  if (family === 0 || isIP(one) !== family) return false
  const most = family === 6 ? 128 : 32
  const text = slash < 0 ? String(most) : network.slice(slash + 1)
  if (!/^\d{1,3}$/.test(text) || Number(text) > most) return false
  const blocks = new BlockList()
  blocks.addSubnet(base, Number(text), family === 6 ? 'ipv6' : 'ipv4')
  return blocks.check(one, family === 6 ? 'ipv6' : 'ipv4')
}

/** An IPv4 or IPv6 address in text, no network, no port. */
export const isAddress = (text: string): boolean => isIP(text) !== 0
