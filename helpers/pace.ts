/**
 * Requests to one address, of all its hosts together: so many a second, and fewer once it asked for peace. A dozen names behind one proxy share
 * one limiter (`limit_req_zone $binary_remote_addr`), so a pace for each name would be a dozen times what the proxy sees as one visitor.
 */

interface Waiter {
  readonly go: () => void
}

/** Pace after the first 429 of an address that nobody set one for. */
const AFTER_REFUSAL = 20
/** Slower than this a run would never end. */
const SLOWEST = 2
const HOPELESS_AFTER = 4
/** What comes in after slowing down belongs to requests that were under way already. */
const SAME_REFUSAL_MS = 500

export class Pace {
  /** Per second; 0: as fast as answers come. */
  #perSecond: number
  readonly #asked: number
  #refusals = 0
  #burst: number
  #next = 0
  #quietUntil = 0
  #slowedAt = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #waiting: Waiter[] = []

  /**
   * @param perSecond 0: as fast as answers come
   * @param burst how many may go at once before they are spaced out
   */
  constructor(perSecond: number, burst: number = Math.max(1, perSecond)) {
    this.#perSecond = perSecond
    this.#asked = perSecond
    this.#burst = burst
  }

  /** Requests per second now; 0: not limited. */
  get perSecond(): number {
    return this.#perSecond
  }

  /** Resolves when the next request may go, first come, first served. Rejects with the signal's reason when it aborts meanwhile. */
  turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error)
        return
      }
      const waiter: Waiter = {
        go: () => {
          signal.removeEventListener('abort', abort)
          resolve()
        },
      }
      const abort = (): void => {
        this.#waiting = this.#waiting.filter((one) => one !== waiter)
        // Nobody is left to wake, and a timer would keep the process.
        if (this.#waiting.length === 0) {
          clearTimeout(this.#timer)
          this.#timer = undefined
        }
        reject(signal.reason as Error)
      }
      signal.addEventListener('abort', abort, { once: true })
      this.#waiting.push(waiter)
      this.#serve()
    })
  }

  /**
   * The address answered 429: nobody asks it for so long, and then at half the pace, one after the other.
   * @returns whether asking again makes sense: not after refusals at four paces without an answer between them, which no pace will change
   */
  refused(milliseconds: number): boolean {
    const now = performance.now()
    if (this.#refusals >= HOPELESS_AFTER) return false
    this.#quietUntil = Math.max(this.#quietUntil, now + milliseconds)
    if (now - this.#slowedAt < SAME_REFUSAL_MS) return true
    this.#slowedAt = now + milliseconds
    this.#refusals += 1
    const hopeless = this.#refusals >= HOPELESS_AFTER
    this.#perSecond = hopeless ? this.#asked : this.#perSecond === 0 ? AFTER_REFUSAL : Math.max(SLOWEST, this.#perSecond / 2)
    this.#burst = 1
    if (hopeless) this.#quietUntil = 0
    return !hopeless
  }

  /** The address answered something else than 429. */
  accepted(): void {
    this.#refusals = 0
  }

  #serve(): void {
    while (this.#timer === undefined && this.#waiting.length > 0) {
      const now = performance.now()
      const at = Math.max(this.#quietUntil, this.#next)
      if (at > now) {
        this.#timer = setTimeout(() => {
          this.#timer = undefined
          this.#serve()
        }, at - now)
        return
      }
      if (this.#perSecond > 0) {
        const interval = 1_000 / this.#perSecond
        this.#next = Math.max(this.#next, now - (this.#burst - 1) * interval) + interval
      }
      this.#waiting.shift()?.go()
    }
  }
}
