/**
 * What a place for uploads does with files: ours, made while they are sent. One look does everything that the checks ask for, in a fixed order, and
 * deletes what it brought. Facts only.
 */
import { createHash, randomBytes } from 'node:crypto'
import { headerValue, mediaType } from '../headers.ts'
import { type Probe, type ProbeContext, type ProbeCost, ProbeError, type ProbeFailure } from '../probe.ts'
import { sleep } from '../sleep.ts'
import { probeMs, type Target } from '../target.ts'
import type { UploadEntry } from '../target/uploads.ts'
import { exchange, type ExchangeAnswer, type ExchangeRequest } from './exchange.ts'
import { splitUrl } from './http.ts'
import { endingOf, literalFile, type Sample, sampleFile } from './sample-file.ts'
import { askedCost } from './asked.ts'
import { jsonAt, Session, signInCost } from './sign-in.ts'

export interface Sent {
  /** `an allowed file`, `a file above the limit`. */
  readonly what: string
  readonly fileName: string
  readonly type: string
  readonly fileBytes: number
  readonly bodyBytes: number
  readonly chunked: boolean
  /** Absent: no answer came. */
  readonly status?: number
  readonly failure?: ProbeFailure
  readonly peer?: string
  readonly at: string
  readonly ms: number
  /** The answer began before the file was sent, and how much of it had been. */
  readonly early: boolean
  readonly sentBytes: number
  readonly id?: string
  /** Address of the file, as the answer says or the target describes it. */
  readonly url?: string
  /** The start of an answer that names a path outside of where files belong. */
  readonly namesPath: boolean
}
export interface Served {
  readonly url: string
  readonly status?: number
  readonly failure?: ProbeFailure
  /** The same bytes came back. */
  readonly same: boolean
  readonly bytes: number
  readonly type?: string
  readonly nosniff: boolean
  readonly disposition?: string
  readonly policy?: string
  /** Served by another host than the upload's. */
  readonly otherHost: boolean
}
export interface UploadLook {
  readonly url: string
  readonly anonymous?: Sent
  readonly garbled?: Sent
  readonly allowed: Sent
  readonly served?: Served
  /** A file of the largest size that is tried. */
  readonly largest?: Sent
  readonly largestServed?: Served
  /** One byte above the declared size. */
  readonly above?: Sent
  readonly aboveChunked?: Sent
  /** Far above the declared size: does anybody read it all? */
  readonly farAbove?: Sent
  readonly slow?: Sent
  readonly foreign: readonly { readonly sent: Sent; readonly served?: Served }[]
  readonly names: readonly { readonly sent: Sent; readonly escaped?: string }[]
  readonly again?: { readonly first: Sent; readonly second: Sent; readonly firstServed?: Served }
  readonly removed: readonly { readonly id: string; readonly status?: number; readonly failure?: ProbeFailure; readonly readAfter?: number }[]
  /** Files of ours that stay because nothing says how to delete them. */
  readonly left: number
}

/** A stylish page and a program, small. */
const HTML = Buffer.from('<!doctype html><html><head><title>upload</title></head><body><script>document.title = "ran"</script></body></html>\n')
const SVG = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><script>document.title = "ran"</script></svg>\n')
const ELF = Buffer.concat([Buffer.from('7f454c4602010100000000000000000002003e0001000000', 'hex'), Buffer.alloc(104)])

interface Item {
  readonly what: string
  readonly fileName: string
  readonly type: string
  readonly sample: Sample
  readonly chunked?: boolean
  readonly anonymous?: 'nothing' | 'garbled'
  readonly limitMs?: number
  /** Milliseconds that the file takes. */
  readonly slowMs?: number
  /** Stop reading what is sent after so much without an answer. */
  readonly mostSent?: number
}

const SLOW_PARTS = 20
const FAR_BYTES = 16 * 1024 * 1024
const READ_MS = 60_000
const quoted = (text: string): string => text.replaceAll(/["\r\n]/g, (character) => encodeURIComponent(character))

/** The parts of the form around the file, and all of it as a stream. */
function bodyOf(upload: UploadEntry, item: Item, boundary: string, signal: AbortSignal): { readonly bytes: number; read(): AsyncIterable<Uint8Array> } {
  const fields = Object.entries(upload.fields ?? {}).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"\r\n\r\n${value}\r\n`,
  )
  const head = Buffer.from(
    `${fields.join('')}--${boundary}\r\nContent-Disposition: form-data; name="${quoted(upload.field ?? 'file')}"; filename="${quoted(item.fileName)}"\r\nContent-Type: ${item.type}\r\n\r\n`,
  )
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`)
  async function* read(): AsyncGenerator<Uint8Array> {
    yield head
    if (item.slowMs === undefined) yield* item.sample.read()
    else {
      const whole: Uint8Array[] = []
      for await (const part of item.sample.read()) whole.push(part)
      const bytes = Buffer.concat(whole)
      const step = Math.ceil(bytes.length / SLOW_PARTS)
      for (let at = 0; at < bytes.length; at += step) {
        await sleep((item.slowMs ?? 0) / SLOW_PARTS, signal)
        yield bytes.subarray(at, at + step)
      }
    }
    yield tail
  }
  return { bytes: head.length + item.sample.bytes + tail.length, read }
}
/** What a form around a file of this name adds. */
function overheadOf(upload: UploadEntry, fileName: string, type: string): number {
  return bodyOf(upload, { what: '', fileName, type, sample: literalFile(new Uint8Array(0)) }, `postproof-${'0'.repeat(24)}`, new AbortController().signal).bytes
}

class Uploads {
  #context: ProbeContext
  readonly #upload: UploadEntry
  readonly #session: Session
  readonly #url: string
  readonly #ids = new Set<string>()
  #nameless = 0
  /** Files sent whose answer never came, since the run ended. */
  #underWay = 0

  constructor(context: ProbeContext, upload: UploadEntry, session: Session) {
    this.#context = context
    this.#upload = upload
    this.#session = session
    this.#url = upload.url.replaceAll('{domain}', context.target.domain)
  }
  get url(): string {
    return this.#url
  }
  /** Deletes what was brought when the run ended too early. @throws ProbeError where nobody can tell whether all of it is gone */
  async removeLate(context: ProbeContext): Promise<boolean> {
    this.#context = context
    this.#session.continueIn(context)
    const { removed, left } = await this.cleanUp()
    if (this.#underWay > 0)
      throw new ProbeError({ code: 'UNKNOWN', message: 'a file was on its way when the run ended: whether it was kept is not known', phase: 'request' })
    return left === 0 && removed.every(({ status }) => status !== undefined && status < 400)
  }
  #fill(template: string, id: string): string {
    return template.replaceAll('{domain}', this.#context.target.domain).replaceAll('{id}', encodeURIComponent(id))
  }

  /** Never throws for what the peer does, but for what keeps everything from being asked. */
  async send(item: Item): Promise<Sent> {
    this.#context.signal.throwIfAborted()
    const upload = this.#upload
    const boundary = `postproof-${randomBytes(12).toString('hex')}`
    const body = bodyOf(upload, item, boundary, this.#context.signal)
    const at = new Date().toISOString()
    const start = performance.now()
    const base = {
      what: item.what,
      fileName: item.fileName,
      type: item.type,
      fileBytes: item.sample.bytes,
      bodyBytes: body.bytes,
      chunked: item.chunked === true,
      at,
    }
    const request: ExchangeRequest = {
      url: this.#url,
      method: upload.method ?? 'POST',
      headers: [
        ['Content-Type', `multipart/form-data; boundary=${boundary}`],
        ...(item.anonymous === 'garbled' ? [['Authorization', 'Bearer postproof.garbled.token'] as const] : []),
      ],
      body: body.read(),
      ...(item.chunked === true ? {} : { bodyBytes: body.bytes }),
      limitMs: (item.limitMs ?? Math.max(probeMs(this.#context.target), body.bytes / 250)) + (item.slowMs ?? 0),
    }
    try {
      const answer = item.anonymous === undefined ? await this.#session.send(request) : await exchange(this.#context, request)
      const stored = this.#stored(answer)
      const text = new TextDecoder().decode(answer.body.subarray(0, 65_536))
      return {
        ...base,
        status: answer.status,
        peer: answer.peer,
        ms: answer.totalMs,
        early: answer.early,
        sentBytes: answer.sentBytes,
        ...stored,
        namesPath: /(?:\.\.[/\\]|%2e%2e(?:%2f|%5c)|\.\.%2f)/i.test(text) && this.success(answer.status),
      }
    } catch (error) {
      if (this.#context.signal.aborted) {
        this.#underWay += 1
        throw error
      }
      if (!(error instanceof ProbeError) || error.failure.code === 'UNTRUSTED' || error.failure.code === 'NO_ACCESS') throw error
      return { ...base, failure: error.failure, ms: Math.round(performance.now() - start), early: false, sentBytes: 0, namesPath: false }
    }
  }
  success(status: number | undefined): boolean {
    return status !== undefined && [this.#upload.accepted ?? [200, 201, 202]].flat().includes(status)
  }
  #stored(answer: ExchangeAnswer): { id?: string; url?: string } {
    if (!this.success(answer.status)) return {}
    const { idPath, urlPath, download } = this.#upload
    const id = idPath === undefined ? undefined : jsonAt(answer, idPath)
    const known = typeof id === 'string' || typeof id === 'number' ? String(id) : undefined
    if (known === undefined || known === '') this.#nameless += 1
    else this.#ids.add(known)
    const said = urlPath === undefined ? undefined : jsonAt(answer, urlPath)
    const url = typeof said === 'string' && URL.canParse(said, this.#url) ? new URL(said, this.#url).href : undefined
    const described = download !== undefined && known !== undefined ? this.#fill(download, known) : undefined
    return { ...(known === undefined || known === '' ? {} : { id: known }), ...((described ?? url) === undefined ? {} : { url: (described ?? url) as string }) }
  }

  async serve(sent: Sent, sample: Sample): Promise<Served | undefined> {
    return sent.url === undefined || splitUrl(sent.url) === undefined ? undefined : this.#serveFrom(sent.url, sample, MOST_HOPS)
  }
  async #serveFrom(url: string, sample: Sample, hops: number): Promise<Served> {
    const otherHost = splitUrl(url)?.host !== splitUrl(this.#url)?.host
    const request: ExchangeRequest = {
      url,
      hashed: true,
      keepBytes: 1_024,
      mostBytes: sample.bytes * 2 + 65_536,
      limitMs: Math.max(READ_MS, sample.bytes / 250),
    }
    try {
      // The session goes only to where the files are sent to.
      const answer = otherHost ? await exchange(this.#context, request) : await this.#session.send(request)
      // Files that lie in a store are often handed out by a redirect to it.
      const location = answer.status >= 300 && answer.status < 400 && hops > 0 ? headerValue(answer.headers, 'location') : undefined
      const next = location === undefined || !URL.canParse(location, url) ? undefined : new URL(location, url).href
      if (next !== undefined && splitUrl(next) !== undefined && (next.startsWith('https:') || url.startsWith('http:')))
        return await this.#serveFrom(next, sample, hops - 1)
      const type = mediaType(answer.headers)
      const disposition = headerValue(answer.headers, 'content-disposition')
      const policy = headerValue(answer.headers, 'content-security-policy')
      return {
        url,
        status: answer.status,
        same: answer.sha256 === sample.sha256(),
        bytes: answer.bytes,
        ...(type === undefined ? {} : { type }),
        nosniff: /^\s*nosniff\s*$/i.test(headerValue(answer.headers, 'x-content-type-options') ?? ''),
        ...(disposition === undefined ? {} : { disposition }),
        ...(policy === undefined ? {} : { policy }),
        otherHost,
      }
    } catch (error) {
      if (!(error instanceof ProbeError)) throw error
      return { url, failure: error.failure, same: false, bytes: 0, nosniff: false, otherHost }
    }
  }
  /** Whether our bytes are read at an address where no upload belongs. */
  async isAt(url: string, sample: Sample): Promise<boolean> {
    try {
      const answer = await exchange(this.#context, { url, hashed: true, keepBytes: 1_024 })
      return answer.status === 200 && answer.sha256 === sample.sha256()
    } catch (error) {
      if (!(error instanceof ProbeError)) throw error
      return false
    }
  }

  async cleanUp(): Promise<{ readonly removed: UploadLook['removed']; readonly left: number }> {
    const way = this.#upload.delete
    if (way === undefined) return { removed: [], left: this.#ids.size + this.#nameless }
    const removed: UploadLook['removed'][number][] = []
    for (const id of this.#ids) {
      try {
        const answer = await this.#session.send({ url: this.#fill(way.url, id), method: way.method ?? 'DELETE' })
        let readAfter: number | undefined
        if (this.#upload.download !== undefined) readAfter = (await this.#session.send({ url: this.#fill(this.#upload.download, id), keepBytes: 1_024 })).status
        removed.push({ id, status: answer.status, ...(readAfter === undefined ? {} : { readAfter }) })
      } catch (error) {
        if (!(error instanceof ProbeError)) throw error
        removed.push({ id, failure: error.failure })
      }
    }
    return { removed, left: this.#nameless }
  }
}

const SMALL_BYTES = 4_096
/** Redirects from the address of a file to where it lies. */
const MOST_HOPS = 2
const DEFAULT_TRY_BYTES = 64 * 1024 * 1024

/** What is no allowed file, under names that say so or not. Any bytes are text; and what is declared as allowed is not foreign. */
function foreignFiles(
  upload: UploadEntry,
  type: string,
  ending: string,
): readonly { readonly what: string; readonly name: string; readonly type: string; readonly content: Buffer }[] {
  if (upload.types === undefined) return []
  const random = randomBytes(6).toString('hex')
  const allows = (kind: string): boolean => upload.types?.some((one) => one === kind || (one.endsWith('/*') && kind.startsWith(one.slice(0, -1)))) === true
  return [
    { what: 'a page that says it is one', name: `postproof-${random}.html`, type: 'text/html', content: HTML },
    { what: 'a page that says it is an allowed file', name: `postproof-${random}-1.${ending}`, type, content: HTML },
    { what: 'a program that says it is an allowed file', name: `postproof-${random}-2.${ending}`, type, content: ELF },
    { what: 'a drawing with a script', name: `postproof-${random}.svg`, type: 'image/svg+xml', content: SVG },
    { what: 'a program named as two types', name: `postproof-${random}.php.${ending}`, type, content: Buffer.from('<?php echo "ran"; ?>\n') },
  ].filter((one) => !(one.type === type ? type.startsWith('text/') : allows(one.type)))
}

const ODD_NAMES = [
  ['a name with a path upwards', '../../'],
  ['a name with an encoded path upwards', '..%2f..%2f'],
  ['a name with a path of Windows', '..\\..\\'],
  ['a name of 300 letters', 'x'.repeat(300)],
] as const

/** Besides small files: the largest one there and back, two above the limit, and one far above it that should be refused early. */
function uploadCost(upload: UploadEntry, target: Target): ProbeCost {
  const { maxBytes, tryBytes = DEFAULT_TRY_BYTES, slowSeconds = 0 } = upload
  const type = upload.type ?? 'image/png'
  const ending = endingOf(type)
  const name = `postproof-${'0'.repeat(12)}.${ending}`
  const extra = upload.counts === 'body' ? overheadOf(upload, name, type) : 0
  const overhead = (fileName: string, kind: string): number => overheadOf(upload, fileName, kind)
  const plain = (bytes: number): number => bytes + overhead(name, type)
  const foreign = foreignFiles(upload, type, ending)
  const bounded = maxBytes !== undefined && maxBytes <= tryBytes
  const kept = [
    plain(SMALL_BYTES),
    ...(maxBytes === undefined ? [] : [plain(Math.min(maxBytes - extra, tryBytes))]),
    ...(slowSeconds > 0 ? [plain(SMALL_BYTES)] : []),
    ...ODD_NAMES.map(([, prefix]) => SMALL_BYTES + overhead(`${prefix}${name}`, type)),
    plain(SMALL_BYTES),
    plain(SMALL_BYTES),
  ]
  const refused = [
    ...(upload.auth === undefined ? [] : [plain(SMALL_BYTES), plain(SMALL_BYTES)]),
    ...(bounded ? [plain(maxBytes - extra + 1), plain(maxBytes - extra + 1), plain(maxBytes + FAR_BYTES)] : []),
    ...foreign.map((one) => one.content.length + overhead(one.name, one.type)),
  ]
  // Read back: the first file, the largest, the first of two with one name.
  const read = upload.download === undefined && upload.urlPath === undefined ? 0 : maxBytes === undefined ? 2 : 3
  const removals = upload.idPath === undefined || upload.delete === undefined ? 0 : kept.length
  const { asked, logins } = signInCost(upload.auth)
  const place = upload.url.replaceAll('{domain}', target.domain)
  const { requests, zones } = askedCost(target, [
    ...asked,
    { url: upload.url, method: upload.method ?? 'POST', times: kept.length + refused.length },
    { url: upload.download ?? upload.url, times: read },
    // Where a file would lie whose name leads upwards.
    { url: `${URL.canParse(place) ? new URL(place).origin : ''}/${name}`, times: ODD_NAMES.length - 1 },
    ...(upload.delete === undefined ? [] : [{ url: upload.delete.url, method: upload.delete.method ?? 'DELETE', times: removals }]),
    ...(upload.download === undefined ? [] : [{ url: upload.download, times: removals }]),
  ])
  return {
    connections: requests,
    requests,
    zones,
    logins,
    bytes: [...kept, ...refused].reduce((sum, bytes) => sum + bytes, 0),
    // Odd names may be refused, and what is too large before it was all sent.
    atMost: true,
    // What should have been refused is read back and removed; what is read back may lie elsewhere.
    unexpected: refused.length * 3 + (read + refused.length) * MOST_HOPS,
  }
}

/**
 * Uploads about a dozen files: without a session, an allowed one, one of the largest size, ones above it, one that is slow, foreign types, odd names;
 * reads back what was taken and deletes it.
 * @throws ProbeError where nothing can be sent at all: `NO_ACCESS`, `SIGN_IN_REFUSED`, those of connecting with the first allowed file
 */
export function uploadSession(upload: UploadEntry, host: string, target: Target): Probe<UploadLook> {
  const { maxBytes, tryBytes = DEFAULT_TRY_BYTES, slowSeconds = 0 } = upload
  const most = Math.min(maxBytes ?? 0, tryBytes)
  return {
    kind: 'uploadSession',
    key: `uploadSession ${upload.id} ${createHash('sha256').update(JSON.stringify(upload)).digest('hex').slice(0, 12)}`,
    impact: 'write',
    cost: uploadCost(upload, target),
    host,
    timeoutMs: 300_000 + slowSeconds * 1_000 + most / 100,
    run: async (context) => {
      const session = await Session.open(context, upload.auth)
      const uploads = new Uploads(context, upload, session)
      const type = upload.type ?? 'image/png'
      const ending = endingOf(type)
      const nameOf = (): string => `postproof-${randomBytes(6).toString('hex')}.${ending}`
      const small = (): Sample => sampleFile(type, SMALL_BYTES)
      const signed = upload.auth !== undefined
      const undo = context.undo?.(`the files sent to ${upload.id}`, (late) => uploads.removeLate(late))
      const removal = async (): ReturnType<Uploads['cleanUp']> => {
        const gone = await uploads.cleanUp()
        if (!context.signal.aborted) undo?.done()
        return gone
      }
      try {
        const first = small()
        const allowed = await uploads.send({ what: 'an allowed file', fileName: nameOf(), type, sample: first })
        if (allowed.failure !== undefined && allowed.failure.phase !== 'response' && allowed.failure.phase !== 'deadline') throw new ProbeError(allowed.failure)
        const served = await uploads.serve(allowed, first)
        const anonymous = signed
          ? await uploads.send({ what: 'a file without a login', fileName: nameOf(), type, sample: small(), anonymous: 'nothing' })
          : undefined
        const garbled = signed
          ? await uploads.send({ what: 'a file with a token that nobody gave out', fileName: nameOf(), type, sample: small(), anonymous: 'garbled' })
          : undefined
        const base = {
          url: uploads.url,
          allowed,
          ...(served === undefined ? {} : { served }),
          ...(anonymous === undefined ? {} : { anonymous }),
          ...(garbled === undefined ? {} : { garbled }),
          foreign: [],
          names: [],
        }
        // What refuses the simplest file says nothing about the others.
        if (!uploads.success(allowed.status)) return { ...base, ...(await removal()) }

        const fileName = nameOf()
        const extra = upload.counts === 'body' ? overheadOf(upload, fileName, type) : 0
        let sizes: Partial<Pick<UploadLook, 'largest' | 'largestServed' | 'above' | 'aboveChunked' | 'farAbove'>> = {}
        if (maxBytes !== undefined) {
          const largestSample = sampleFile(type, Math.min(maxBytes - extra, tryBytes))
          const largest = await uploads.send({ what: `a file of ${largestSample.bytes} bytes`, fileName, type, sample: largestSample })
          const largestServed = await uploads.serve(largest, largestSample)
          sizes = { largest, ...(largestServed === undefined ? {} : { largestServed }) }
          if (maxBytes <= tryBytes) {
            const over = (what: string, chunked: boolean): Promise<Sent> =>
              uploads.send({ what, fileName: nameOf(), type, sample: sampleFile(type, maxBytes - extra + 1), chunked })
            sizes = {
              ...sizes,
              above: await over('a file one byte above the limit', false),
              aboveChunked: await over('a file one byte above the limit, in chunks', true),
              farAbove: await uploads.send({ what: 'a file far above the limit', fileName: nameOf(), type, sample: sampleFile(type, maxBytes + FAR_BYTES) }),
            }
          }
        }
        let slow: Sent | undefined
        if (slowSeconds > 0)
          slow = await uploads.send({ what: `a file that takes ${slowSeconds} s`, fileName: nameOf(), type, sample: small(), slowMs: slowSeconds * 1_000 })

        const foreign: UploadLook['foreign'][number][] = []
        for (const file of foreignFiles(upload, type, ending)) {
          const sample = literalFile(file.content)
          const sent = await uploads.send({ what: file.what, fileName: file.name, type: file.type, sample })
          const back = uploads.success(sent.status) ? await uploads.serve(sent, sample) : undefined
          foreign.push(back === undefined ? { sent } : { sent, served: back })
        }

        const names: UploadLook['names'][number][] = []
        const origin = new URL(uploads.url).origin
        for (const [what, prefix] of ODD_NAMES) {
          const sample = small()
          const bare = nameOf()
          const sent = await uploads.send({ what, fileName: `${prefix}${bare}`, type, sample })
          let escaped: string | undefined
          if (uploads.success(sent.status) && !prefix.startsWith('x') && (await uploads.isAt(`${origin}/${bare}`, sample))) escaped = `/${bare}`
          names.push(escaped === undefined ? { sent } : { sent, escaped })
        }
        const same = nameOf()
        const earlier = small()
        const once = await uploads.send({ what: 'a file', fileName: same, type, sample: earlier })
        const twice = await uploads.send({ what: 'another one of the same name', fileName: same, type, sample: small() })
        const firstServed = await uploads.serve(once, earlier)
        const again = { first: once, second: twice, ...(firstServed === undefined ? {} : { firstServed }) }
        return { ...base, ...sizes, ...(slow === undefined ? {} : { slow }), foreign, names, again, ...(await removal()) }
      } catch (error) {
        // What was brought is taken away, whatever happened in between.
        if (!context.signal.aborted) await removal().catch(() => {})
        throw error
      }
    },
  }
}
