/** Connection slots: at most so many at once per address, and at most so many in all. First come, first served, but for what lies in wait. */

interface Waiter {
  readonly address: string
  readonly waitsMs: number
  readonly grant: () => void
}

export class ConnectionLimits {
  /** Slots granted so far: connections opened through this run. */
  opened = 0
  readonly #perAddress: number
  readonly #total: number
  readonly #open = new Map<string, number>()
  #all = 0
  #waiting: Waiter[] = []

  constructor(perAddress: number, total: number) {
    this.#perAddress = perAddress
    this.#total = total
  }

  /**
   * Rejects with the signal's reason when it aborts while waiting.
   * @param waitsMs how long the connection will lie in wait on purpose: what waits longest goes first
   */
  acquire(address: string, signal: AbortSignal, waitsMs = 0): Promise<{ release(): void }> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error)
        return
      }
      const waiter: Waiter = {
        address,
        waitsMs,
        grant: () => {
          signal.removeEventListener('abort', abort)
          this.#all += 1
          this.opened += 1
          this.#open.set(address, (this.#open.get(address) ?? 0) + 1)
          let released = false
          resolve({
            release: () => {
              if (released) return
              released = true
              this.#all -= 1
              const left = (this.#open.get(address) ?? 1) - 1
              if (left === 0) this.#open.delete(address)
              else this.#open.set(address, left)
              this.#serve()
            },
          })
        },
      }
      const abort = (): void => {
        this.#waiting = this.#waiting.filter((one) => one !== waiter)
        reject(signal.reason as Error)
      }
      signal.addEventListener('abort', abort, { once: true })
      if (this.#free(address)) waiter.grant()
      else {
        const behind = this.#waiting.findIndex((other) => other.waitsMs < waitsMs)
        this.#waiting.splice(behind === -1 ? this.#waiting.length : behind, 0, waiter)
      }
    })
  }

  #free(address: string): boolean {
    return this.#all < this.#total && (this.#open.get(address) ?? 0) < this.#perAddress
  }

  #serve(): void {
    const index = this.#waiting.findIndex(({ address }) => this.#free(address))
    if (index === -1) return
    const [waiter] = this.#waiting.splice(index, 1)
    waiter?.grant()
  }
}
