/** RDATA of SVCB and HTTPS records (RFC 9460 §2.2): priority, target, parameters in ascending order. */

export interface ServiceBinding {
  readonly priority: number
  /** Empty: the owner name itself. */
  readonly target: string
  readonly alpn: readonly string[]
  readonly noDefaultAlpn: boolean
  readonly port?: number
  readonly ipv4hint: readonly string[]
  readonly ipv6hint: readonly string[]
  readonly ech: boolean
  /** ECHConfigList, base64 as in the presentation form (RFC 9848 §3). */
  readonly echConfigs?: string
  /** Presentation form. */
  readonly text: string
}
export type ServiceBindingResult = { readonly ok: true; readonly value: ServiceBinding } | { readonly ok: false; readonly error: string }

/** Never throws; whatever breaks the wire format is an error text. */
export function readServiceBinding(bytes: Uint8Array): ServiceBindingResult {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const wrong = (error: string): ServiceBindingResult => ({ ok: false, error })
  if (view.length < 3) return wrong('too short')
  const priority = view.readUInt16BE(0)
  let at = 2
  const labels: string[] = []
  for (;;) {
    const length = view[at]
    if (length === undefined) return wrong('the target name is cut')
    at += 1
    if (length === 0) break
    if (length > 63 || at + length > view.length || labels.length > 127) return wrong('the target name is malformed')
    labels.push(view.toString('latin1', at, at + length).toLowerCase())
    at += length
  }
  const target = labels.join('.')
  let alpn: string[] = []
  let noDefaultAlpn = false
  let port: number | undefined
  let ipv4hint: string[] = []
  let ipv6hint: string[] = []
  let ech: string | undefined
  let last = -1
  const texts: string[] = []
  while (at < view.length) {
    if (at + 4 > view.length) return wrong('a parameter is cut')
    const key = view.readUInt16BE(at)
    const length = view.readUInt16BE(at + 2)
    at += 4
    if (at + length > view.length) return wrong('a parameter is longer than the record')
    if (key <= last) return wrong('parameters are not in ascending order')
    last = key
    const value = view.subarray(at, at + length)
    at += length
    switch (key) {
      case 1: {
        alpn = []
        for (let index = 0; index < value.length; ) {
          const size = value[index] ?? 0
          if (size === 0 || index + 1 + size > value.length) return wrong('alpn is malformed')
          alpn.push(value.toString('latin1', index + 1, index + 1 + size))
          index += 1 + size
        }
        if (alpn.length === 0) return wrong('alpn is empty')
        texts.push(`alpn=${alpn.join(',')}`)
        break
      }
      case 2:
        noDefaultAlpn = true
        texts.push('no-default-alpn')
        break
      case 3:
        if (length !== 2) return wrong('port is malformed')
        port = value.readUInt16BE(0)
        texts.push(`port=${port}`)
        break
      case 4:
        if (length === 0 || length % 4 !== 0) return wrong('ipv4hint is malformed')
        ipv4hint = Array.from({ length: length / 4 }, (_, index) => [...value.subarray(index * 4, index * 4 + 4)].join('.'))
        texts.push(`ipv4hint=${ipv4hint.join(',')}`)
        break
      case 5:
        ech = value.toString('base64')
        texts.push(`ech=${ech}`)
        break
      case 6:
        if (length === 0 || length % 16 !== 0) return wrong('ipv6hint is malformed')
        ipv6hint = Array.from({ length: length / 16 }, (_, index) =>
          Array.from({ length: 8 }, (_unused, group) => value.readUInt16BE(index * 16 + group * 2).toString(16)).join(':'),
        )
        texts.push(`ipv6hint=${ipv6hint.join(',')}`)
        break
      default:
        texts.push(`key${key}`)
    }
  }
  if (noDefaultAlpn && alpn.length === 0) return wrong('no-default-alpn without alpn')
  return {
    ok: true,
    value: {
      priority,
      target,
      alpn,
      noDefaultAlpn,
      ...(port === undefined ? {} : { port }),
      ipv4hint,
      ipv6hint,
      ech: ech !== undefined,
      ...(ech === undefined ? {} : { echConfigs: ech }),
      text: [priority, target === '' ? '.' : target, ...texts].join(' '),
    },
  }
}

/** The same out of the presentation form that {@link readServiceBinding} gives; never throws. */
export function readServiceBindingText(text: string): ServiceBindingResult {
  const [priority = '', target = '', ...parameters] = text.split(' ')
  if (!/^\d{1,5}$/.test(priority) || target === '') return { ok: false, error: text === '' ? 'empty' : text.slice(0, 200) }
  const value = (key: string): string | undefined => parameters.find((one) => one.startsWith(`${key}=`))?.slice(key.length + 1)
  const items = (key: string): readonly string[] => value(key)?.split(',') ?? []
  const port = value('port')
  const ech = value('ech')
  return {
    ok: true,
    value: {
      priority: Number(priority),
      target: target === '.' ? '' : target,
      alpn: items('alpn'),
      noDefaultAlpn: parameters.includes('no-default-alpn'),
      ...(port === undefined ? {} : { port: Number(port) }),
      ipv4hint: items('ipv4hint'),
      ipv6hint: items('ipv6hint'),
      ech: ech !== undefined,
      ...(ech === undefined ? {} : { echConfigs: ech }),
      text,
    },
  }
}
