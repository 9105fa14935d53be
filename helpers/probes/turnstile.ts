/** Keeps many small questions from going out in one burst: so many at once, and nobody waits behind one that is not answered. */

/** A place is given back after this long even without an answer, so that a silent server slows the others down only this much. */
const HELD_AT_MOST_MS = 200

export class Turnstile {
  readonly #most: number
  #under = 0
  readonly #waiting: (() => void)[] = []

  constructor(most: number) {
    this.#most = most
  }

  /** Resolves when there is a place; the result gives it back (once, later calls do nothing). */
  async turn(): Promise<() => void> {
    if (this.#under < this.#most) this.#under += 1
    // Whoever goes hands the place over, so that a newcomer never overtakes.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    let over = false
    const end = (): void => {
      if (over) return
      over = true
      clearTimeout(timer)
      const next = this.#waiting.shift()
      if (next === undefined) this.#under -= 1
      else next()
    }
    const timer = setTimeout(end, HELD_AT_MOST_MS)
    timer.unref()
    return end
  }
}
