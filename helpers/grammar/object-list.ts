/**
 * Answers of the S3 protocol: a page of a bucket's list, of its unfinished uploads, and errors (Amazon S3 API Reference, ListObjectsV2,
 * ListMultipartUploads and Error Responses). Pure, never throws.
 */

export interface ListedObject {
  readonly key: string
  readonly bytes: number
  /** ISO 8601. */
  readonly modifiedAt: string
  /** Without its quotes. */
  readonly etag: string
}
export interface ObjectPage {
  readonly objects: readonly ListedObject[]
  /** Where the next page begins; absent: this was the last. */
  readonly next?: string
}
export type ReadObjectPage = { readonly ok: true; readonly value: ObjectPage } | { readonly ok: false; readonly error: string }

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
const unescaped = (text: string): string =>
  text.replaceAll(/&(#x[0-9a-fA-F]{1,6}|#\d{1,7}|[a-z]+);/g, (whole, name: string) => {
    if (!name.startsWith('#')) return ENTITIES[name] ?? whole
    const code = name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
/** Content of the first element of that name; elements of S3 answers have no attributes but on the root. */
const element = (xml: string, name: string): string | undefined => {
  const open = `<${name}>`
  const from = xml.indexOf(open)
  if (from === -1) return undefined
  const to = xml.indexOf(`</${name}>`, from)
  return to === -1 ? undefined : unescaped(xml.slice(from + open.length, to))
}
const KEYS = 10_000

/** Whether the keys of an answer are encoded: a word beside its entries, looked for once. */
const isEncoded = (root: string): boolean => element(root, 'EncodingType') === 'url'
/** @returns undefined where the key is not encoded as the answer says */
function decoded(encoded: boolean, key: string): string | undefined {
  try {
    return encoded ? decodeURIComponent(key.replaceAll('+', ' ')) : key
  } catch {
    return undefined
  }
}

/** @param xml a whole answer, asked for with `encoding-type=url` */
export function readObjectPage(xml: string): ReadObjectPage {
  const root = /^\uFEFF?\s*(?:<\?xml[^>]*\?>\s*)?<ListBucketResult(?:\s[^>]*)?>([^]*)<\/ListBucketResult>\s*$/.exec(xml)?.[1]
  if (root === undefined)
    return { ok: false, error: /^\s*(?:<\?xml[^>]*\?>\s*)?<ListBucketResult/.test(xml) ? 'the list is cut off' : 'it is no list of a bucket' }
  const truncated = element(root, 'IsTruncated')
  if (truncated !== 'true' && truncated !== 'false') return { ok: false, error: 'it does not say whether the list goes on (IsTruncated)' }
  const encoded = isEncoded(root)
  const objects: ListedObject[] = []
  for (let from = root.indexOf('<Contents>'); from !== -1; ) {
    const to = root.indexOf('</Contents>', from)
    if (to === -1) return { ok: false, error: 'an entry of the list is cut off' }
    if (objects.length >= KEYS) return { ok: false, error: `more than ${KEYS} entries on one page` }
    const one = root.slice(from, to)
    const key = element(one, 'Key')
    const size = element(one, 'Size')
    const modified = element(one, 'LastModified')
    if (key === undefined || size === undefined || !/^\d{1,15}$/.test(size) || modified === undefined || Number.isNaN(Date.parse(modified)))
      return { ok: false, error: `entry ${objects.length + 1} of the list lacks its key, size or time` }
    const name = decoded(encoded, key)
    if (name === undefined) return { ok: false, error: `the key of entry ${objects.length + 1} is not encoded as it says` }
    objects.push({ key: name, bytes: Number(size), modifiedAt: new Date(modified).toISOString(), etag: (element(one, 'ETag') ?? '').replaceAll('"', '') })
    from = root.indexOf('<Contents>', to)
  }
  if (truncated === 'false') return { ok: true, value: { objects } }
  const next = element(root, 'NextContinuationToken')
  return next === undefined || next === '' ? { ok: false, error: 'the list goes on, and it does not say where' } : { ok: true, value: { objects, next } }
}

/** An upload in parts that was begun and not ended: no object yet. */
export interface UnfinishedUpload {
  readonly key: string
  /** ISO 8601. */
  readonly begunAt: string
}

/** @param xml a whole answer, asked for with `encoding-type=url`; the first page of it, which is a thousand */
export function readUploads(xml: string): { readonly ok: true; readonly value: readonly UnfinishedUpload[] } | { readonly ok: false; readonly error: string } {
  const root = /^\uFEFF?\s*(?:<\?xml[^>]*\?>\s*)?<ListMultipartUploadsResult(?:\s[^>]*)?>([^]*)<\/ListMultipartUploadsResult>\s*$/.exec(xml)?.[1]
  if (root === undefined) return { ok: false, error: 'it is no list of uploads' }
  const encoded = isEncoded(root)
  const uploads: UnfinishedUpload[] = []
  for (let from = root.indexOf('<Upload>'); from !== -1; ) {
    const to = root.indexOf('</Upload>', from)
    if (to === -1 || uploads.length >= KEYS) return { ok: false, error: 'the list of uploads is cut off or has no end' }
    const one = root.slice(from, to)
    const key = element(one, 'Key')
    const begun = Date.parse(element(one, 'Initiated') ?? '')
    const name = key === undefined ? undefined : decoded(encoded, key)
    if (name === undefined || Number.isNaN(begun)) return { ok: false, error: `upload ${uploads.length + 1} of the list lacks its key or time` }
    uploads.push({ key: name, begunAt: new Date(begun).toISOString() })
    from = root.indexOf('<Upload>', to)
  }
  return { ok: true, value: uploads }
}

/** Code and message of an error; undefined: the body is none. */
export function readObjectError(xml: string): { readonly code: string; readonly message: string; readonly region?: string } | undefined {
  const open = /<Error(?:\s[^<>]*)?>/.exec(xml)
  const from = open === null ? 0 : open.index + open[0].length
  const to = xml.lastIndexOf('</Error>')
  const root = open === null || to < from ? undefined : xml.slice(from, to)
  const code = root === undefined ? undefined : element(root, 'Code')
  if (root === undefined || code === undefined || !/^[A-Za-z][\w.-]{0,79}$/.test(code)) return undefined
  const region = element(root, 'Region')
  return { code, message: (element(root, 'Message') ?? '').slice(0, 300), ...(region === undefined ? {} : { region: region.slice(0, 40) }) }
}
