/** Reads a stream of chunks piece by piece, holding no more than the piece that is asked for. */

export type Chunks = AsyncIterable<Buffer>

/** No single piece (a header, a name, a statement of a table of contents) may be larger. */
const PIECE_LIMIT = 16 * 1024 * 1024

export class ByteReader {
  readonly #source: AsyncIterator<Buffer>
  #held: Buffer = Buffer.alloc(0)
  #ended = false
  /** Bytes given out so far. */
  position = 0

  constructor(chunks: Chunks) {
    this.#source = chunks[Symbol.asyncIterator]()
  }

  async #more(): Promise<boolean> {
    if (this.#ended) return false
    const next = await this.#source.next()
    if (next.done === true) {
      this.#ended = true
      return false
    }
    this.#held = this.#held.length === 0 ? next.value : Buffer.concat([this.#held, next.value])
    return true
  }

  /** The next bytes without taking them; fewer than asked for at the end. */
  async peek(length: number): Promise<Buffer> {
    while (this.#held.length < length && (await this.#more()));
    return this.#held.subarray(0, length)
  }

  /** Exactly so many bytes; undefined where the stream ends before (they are lost then) or more than any piece may have is asked for. */
  async take(length: number): Promise<Buffer | undefined> {
    if (length > PIECE_LIMIT) return undefined
    while (this.#held.length < length) if (!(await this.#more())) return undefined
    const piece = this.#held.subarray(0, length)
    this.#held = this.#held.subarray(length)
    this.position += length
    return piece
  }

  /** Gives bytes back that were taken last. */
  unread(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([bytes, this.#held])
    this.position -= bytes.length
  }

  /** The next so many bytes, or all that is left, as they come. */
  async *chunks(length = Number.POSITIVE_INFINITY): AsyncGenerator<Buffer, void, undefined> {
    let left = length
    while (left > 0) {
      if (this.#held.length === 0 && !(await this.#more())) return
      if (this.#held.length === 0) continue
      const piece = this.#held.subarray(0, Math.min(left, this.#held.length))
      this.#held = this.#held.subarray(piece.length)
      this.position += piece.length
      left -= piece.length
      yield piece
    }
  }

  /** @returns how many of so many bytes there were */
  async skip(length: number): Promise<number> {
    const before = this.position
    for await (const _ of this.chunks(length));
    return this.position - before
  }
}
