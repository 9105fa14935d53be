/** What a stapled OCSPResponse (RFC 6960 §4.2.1) says, read by structure; its signature is not verified here. Never throws. */
import { type DerNode, derChildren, derInteger, readDer } from './der.ts'

export interface OcspFacts {
  /** responseStatus; 0 is successful. */
  readonly responseStatus: number
  readonly status?: 'good' | 'revoked' | 'unknown'
  /** Hex. */
  readonly serialHex?: string
  /** ISO 8601 UTC. */
  readonly thisUpdate?: string
  readonly nextUpdate?: string
}
export type OcspReading = { readonly ok: true; readonly value: OcspFacts } | { readonly ok: false; readonly error: string }

const wrong = (error: string): OcspReading => ({ ok: false, error })
const inner = (bytes: Uint8Array | undefined): readonly DerNode[] | undefined => {
  const node = bytes === undefined ? undefined : readDer(bytes)
  const list = node?.ok === true ? derChildren(node.value) : undefined
  return list?.ok === true ? list.value : undefined
}
const children = (node: DerNode | undefined): readonly DerNode[] | undefined => {
  const list = node === undefined ? undefined : derChildren(node)
  return list?.ok === true ? list.value : undefined
}
const instant = (node: DerNode | undefined): string | undefined => {
  if (node === undefined || node.tag !== 24) return undefined
  const found = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(Buffer.from(node.content).toString('latin1'))
  if (found === null) return undefined
  const at = new Date(`${found[1]}-${found[2]}-${found[3]}T${found[4]}:${found[5]}:${found[6]}.000Z`)
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString()
}
const STATUS = ['good', 'revoked', 'unknown'] as const

/** Reads the first SingleResponse. */
export function readOcspResponse(bytes: Uint8Array): OcspReading {
  const outer = inner(bytes)
  const status = outer?.[0] === undefined ? undefined : derInteger(outer[0])
  if (outer === undefined || status === undefined) return wrong('not an OCSPResponse')
  if (status !== 0n) return { ok: true, value: { responseStatus: Number(status) } }
  const responseBytes = children(children(outer[1])?.[0])
  const basic = inner(responseBytes?.[1]?.content)
  const data = children(basic?.[0])
  if (data === undefined) return wrong('no basic response inside')
  const at = data.findIndex((one) => one.tagClass === 0 && one.tag === 24)
  const single = children(children(data[at + 1])?.[0])
  if (at < 0 || single === undefined) return wrong('no single response inside')
  const [id, said, thisUpdate, ...rest] = single
  const serial = children(id)?.[3]
  const word = said?.tagClass === 2 ? STATUS[said.tag] : undefined
  const updated = instant(thisUpdate)
  if (serial === undefined || word === undefined || updated === undefined) return wrong('the single response is malformed')
  const next = rest.find((one) => one.tagClass === 2 && one.tag === 0)
  const nextUpdate = instant(children(next)?.[0])
  return {
    ok: true,
    value: {
      responseStatus: 0,
      status: word,
      serialHex: Buffer.from(serial.content).toString('hex'),
      thisUpdate: updated,
      ...(nextUpdate === undefined ? {} : { nextUpdate }),
    },
  }
}
