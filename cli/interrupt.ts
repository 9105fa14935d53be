/**
 * One Ctrl-C can arrive more than once: the terminal sends it to the whole group, and `npm start` or `npx` pass on what they got (@npmcli/run-script).
 * What comes so soon after the first is no second wish.
 */
const ONE_WISH_MS = 500

/** Ctrl-C and SIGTERM: the first ends the run and lets it write its report, the second ends the process. */
export class Interrupt {
  readonly #controller = new AbortController()
  // The runner replaces it now and then.
  readonly #exit = process.exit
  #firstAt = 0
  readonly #on = (signal: NodeJS.Signals): void => {
    if (this.interrupted && performance.now() - this.#firstAt > ONE_WISH_MS) this.#exit.call(process, 130)
    if (!this.interrupted) this.#firstAt = performance.now()
    this.#controller.abort(`interrupted by ${signal}`)
  }

  /** Listens from here on, until {@link stop}. */
  constructor() {
    process.on('SIGINT', this.#on)
    process.on('SIGTERM', this.#on)
  }
  /** Aborts with the sentence that says by which signal. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }
  get interrupted(): boolean {
    return this.signal.aborted
  }
  stop(): void {
    process.off('SIGINT', this.#on)
    process.off('SIGTERM', this.#on)
  }
}
