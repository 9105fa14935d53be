/** What a cookie's value says when it is unpacked the ways frameworks pack it. Pure; never throws. */
import { withoutTrailing } from './linear.ts'

/** Texts found in a value, the value itself (percent-decoded) first. */
interface CookieContent {
  readonly texts: readonly string[]
  /** A JSON object or array, or a PHP serialisation, was among them: the value carries data rather than pointing at it. */
  readonly data: boolean
  /** A part that can be a signature stands behind the data (`data.signature`, JWT, `s:id.signature`, `data--digest`). */
  readonly signed: boolean
}

const LONGEST = 8_192
/** Shorter decodings are readable by chance. */
const SHORTEST_DECODED = 6

function percentDecoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true })
const CONTROL = /[\u0000-\u0008\u000e-\u001f\u007f]/

/** base64 or base64url that decodes to readable text; undefined otherwise. */
function base64Text(part: string): string | undefined {
  if (part.length < 8 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(part)) return undefined
  try {
    const text = STRICT_UTF8.decode(Buffer.from(part, 'base64'))
    return text.length >= SHORTEST_DECODED && !CONTROL.test(text) ? text : undefined
  } catch {
    return undefined
  }
}

function isData(text: string): boolean {
  if (/^[aO]:\d+:[{"]/.test(text)) return true
  if (!/^\s*[[{]/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Unpacks percent-encoding, then base64 of the whole and of the parts between dots and dashes; `j:` and `s:` of Express are taken off. */
export function contentOf(value: string): CookieContent {
  const plain = percentDecoded(value.slice(0, LONGEST)).replace(/^"(.*)"$/s, '$1')
  const bare = plain.replace(/^[js]:/, '')
  // A document may hold dots itself: parts are looked for only where it is packed.
  const parts = isData(bare) ? [] : bare.split(/\.|--|\|/).filter((part) => part !== '')
  const decoded = [bare, ...parts.filter((part) => part !== bare)].flatMap((part) => base64Text(part) ?? [])
  const texts = [...new Set([plain, bare, ...decoded])]
  return {
    texts,
    data: [bare, ...decoded].some(isData),
    signed: parts.length > 1 && (parts.at(-1)?.length ?? 0) >= 16,
  }
}

/** The address and port that an F5 BIG-IP persistence cookie holds, in its plain form; undefined where it is none. */
export function bigIpAddress(value: string): string | undefined {
  const match = /^(\d{7,10})\.(\d{1,5})\.0{4}$/.exec(value)
  if (match === null) return undefined
  const [address, port] = [Number(match[1]), Number(match[2])]
  if (address > 0xffffffff || port > 0xffff) return undefined
  const octets = [address & 0xff, (address >>> 8) & 0xff, (address >>> 16) & 0xff, (address >>> 24) & 0xff]
  return `${octets.join('.')}:${((port & 0xff) << 8) | (port >>> 8)}`
}

interface Guessability {
  /** At most so many bits vary between the values seen, by their length and letters. */
  readonly bits: number
  /** Two of them are equal. */
  readonly repeats: boolean
  /** They count up or down in small steps, or carry the time. */
  readonly ordered: boolean
}

const HEXADECIMAL = '0123456789abcdefABCDEF'
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/i
/** Larger steps between random numbers are so rare that nothing else explains smaller ones. */
const SMALL_STEP = 16_777_216n

function numberOf(value: string): bigint | undefined {
  if (/^[0-9]{1,40}$/.test(value)) return BigInt(value)
  return /^[0-9a-f]{1,40}$/i.test(value) ? BigInt(`0x${value}`) : undefined
}

function lettersOf(values: readonly string[]): number {
  const all = values.join('')
  if (/^[0-9]*$/.test(all)) return 10
  if (/^[0-9a-f]*$/.test(all) || /^[0-9A-F]*$/.test(all)) return 16
  if (/^[0-9a-z]*$/.test(all) || /^[0-9A-Z]*$/.test(all)) return 36
  return /^[0-9A-Za-z]*$/.test(all) ? 62 : 64
}

/** What stands the same at the beginning of all and at the end of all. */
function shared(values: readonly string[]): { readonly before: number; readonly after: number } {
  const [first = ''] = values
  let before = 0
  while (before < first.length && values.every((value) => value[before] === first[before])) before += 1
  const shortest = Math.min(...values.map((value) => value.length))
  let after = 0
  while (after < shortest - before && values.every((value) => value.at(-1 - after) === first.at(-1 - after))) after += 1
  return { before, after }
}

/**
 * How hard identifiers handed to fresh visitors are to guess: an upper bound, no measurement. A random generator looks the same as a hash of a
 * counter; what this calls weak is weak.
 * @param values in the order received; at least two
 */
export function guessability(values: readonly string[]): Guessability {
  const ids = values.map((value) => {
    const plain = percentDecoded(value)
    // Express signs: what is behind the last dot follows from what is before it.
    return plain.startsWith('s:') && plain.includes('.') ? plain.slice(2, plain.lastIndexOf('.')) : plain
  })
  const repeats = new Set(ids).size < ids.length
  const { before, after } = shared(ids)
  const varying = ids.map((id) => id.slice(before, id.length - after).replace(/-/g, ''))
  const bits = repeats ? 0 : Math.floor(Math.min(...varying.map((part) => part.length)) * Math.log2(lettersOf(varying)))
  const timed = ids.every((id) => ['1', '6'].includes(UUID.exec(id)?.[1] ?? ''))
  const numbers = ids.map((id) => numberOf(id.slice(before === id.length ? 0 : Math.min(before, withoutTrailing(id, HEXADECIMAL).length))))
  const steps = numbers.slice(1).map((number, index) => {
    const previous = numbers[index]
    return number === undefined || previous === undefined ? undefined : number - previous
  })
  const small = (step: bigint | undefined): boolean => step !== undefined && step !== 0n && step < SMALL_STEP && step > -SMALL_STEP
  const oneWay = steps.every((step) => step !== undefined && step > 0n) || steps.every((step) => step !== undefined && step < 0n)
  return { bits, repeats, ordered: timed || (steps.length > 0 && oneWay && steps.every(small)) }
}
