/**
 * Pages in a real browser: the system's Chromium, driven by playwright-core, both found only when a journey asks for them. It goes where the run goes
 * (pinned names, mapped ports) and trusts the certificates that the run trusts, and no others. Facts only.
 */
import { createHash, X509Certificate } from 'node:crypto'
import { access } from 'node:fs/promises'
import { type ProbeContext, ProbeError } from '../probe.ts'
import { sleep } from '../sleep.ts'
import { pinnedAddresses, probeMs, realPort } from '../target.ts'
import { type BrowserStep, PAGE_REQUESTS } from '../target/journeys.ts'
import { splitUrl } from './http.ts'
import { filled } from './sign-in.ts'
import { tlsHandshake } from './tls.ts'

/** As much of playwright-core as is used here. */
interface Locator {
  first(): Locator
  fill(text: string, options: { timeout: number }): Promise<void>
  click(options: { timeout: number }): Promise<void>
  waitFor(options: { state: 'visible'; timeout: number }): Promise<void>
  count(): Promise<number>
}
interface BrowserRequest {
  url(): string
  method(): string
  resourceType(): string
  failure(): { readonly errorText: string } | null
}
interface Page {
  on(event: 'console', listener: (message: { type(): string; text(): string; location(): { url: string } }) => void): void
  on(event: 'pageerror', listener: (error: Error) => void): void
  on(event: 'requestfailed', listener: (request: BrowserRequest) => void): void
  on(event: 'websocket', listener: (socket: { url(): string }) => void): void
  on(event: 'response', listener: (response: { status(): number; url(): string; request(): BrowserRequest }) => void): void
  goto(url: string, options: { waitUntil: 'load'; timeout: number }): Promise<{ status(): number } | null>
  waitForLoadState(state: 'networkidle', options: { timeout: number }): Promise<void>
  locator(selector: string, options?: { hasText?: string }): Locator
  url(): string
  addInitScript(script: string): Promise<void>
  exposeFunction(name: string, call: (text: string) => void): Promise<void>
  close(): Promise<void>
}
/** Of the whole browser: every page, frame and worker. */
interface Devtools {
  on(event: 'Fetch.requestPaused', listener: (paused: { requestId: string; request: { url: string; method: string } }) => void): void
  send(command: 'Fetch.enable', options: { patterns: readonly { urlPattern: string }[] }): Promise<unknown>
  send(command: 'Fetch.continueRequest', options: { requestId: string }): Promise<unknown>
  send(command: 'Fetch.failRequest', options: { requestId: string; errorReason: 'BlockedByClient' }): Promise<unknown>
}
interface Browser {
  newBrowserCDPSession(): Promise<Devtools>
  newContext(options: { serviceWorkers: 'block' }): Promise<{ newPage(): Promise<Page> }>
  close(): Promise<void>
}
interface Playwright {
  readonly chromium: {
    launch(options: { executablePath: string; headless: true; chromiumSandbox: boolean; args: readonly string[]; timeout: number }): Promise<Browser>
  }
}

const LIBRARY = 'playwright-core'
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** Where the system's browser is; undefined where there is none. */
async function systemBrowser(environment: Readonly<Record<string, string | undefined>> = process.env): Promise<string | undefined> {
  for (const path of [environment.POSTPROOF_CHROMIUM, ...PLACES]) {
    if (path === undefined || path === '') continue
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path
  }
  return undefined
}
/** Why no page can be opened here; undefined: it can. */
async function browserMissing(): Promise<string | undefined> {
  if ((await systemBrowser()) === undefined) return 'no Chromium is installed (or name one in POSTPROOF_CHROMIUM)'
  return await (import(LIBRARY) as Promise<unknown>).then(
    () => undefined,
    () => `${LIBRARY} is not installed (npm install ${LIBRARY})`,
  )
}

export interface PageTrouble {
  readonly kind: 'console' | 'exception' | 'request' | 'policy'
  readonly text: string
  readonly url?: string
}
export interface ActionLook {
  readonly what: string
  readonly ok: boolean
  readonly detail: string
  readonly ms: number
}
export interface BrowserLook {
  readonly actions: readonly ActionLook[]
  /** At most 100. */
  readonly troubles: readonly PageTrouble[]
  /** Answers that were seen. */
  readonly requests: number
  /** Its pages wanted to send more than so many requests, and were closed. */
  readonly beyond?: number
}

const MOST_TROUBLES = 100
const IDLE_MS = 3_000
const short = (text: string, most = 300): string => (text.length > most ? `${text.slice(0, most)}…` : text)

/** Arguments that lead names to where the target says they are. */
async function argumentsFor(context: ProbeContext, hosts: readonly string[]): Promise<readonly string[]> {
  const rules: string[] = []
  const keys: string[] = []
  for (const host of hosts) {
    const address = pinnedAddresses(context.target, host)?.[0]
    for (const logical of [443, 80]) {
      const real = realPort(context.target, logical)
      if (address === undefined && real === logical) continue
      const where = address === undefined ? host : address.includes(':') ? `[${address}]` : address
      // A port that is not mapped does not exist for this run.
      rules.push(`MAP ${host}:${logical} ${real === undefined ? '~NOTFOUND' : `${where}:${real}`}`)
    }
    if (context.target.trust.length > 0) {
      const seen = await context.observe(tlsHandshake({ host }))
      const leaf = seen.ok && seen.value.authorized ? seen.value.chain[0] : undefined
      if (leaf !== undefined) {
        const key = new X509Certificate(Buffer.from(leaf.raw)).publicKey.export({ type: 'spki', format: 'der' })
        keys.push(createHash('sha256').update(key).digest('base64'))
      }
    }
  }
  return [
    ...(rules.length === 0 ? [] : [`--host-resolver-rules=${rules.join(', ')}`]),
    ...(keys.length === 0 ? [] : [`--ignore-certificate-errors-spki-list=${keys.join(',')}`]),
    '--disable-quic',
  ]
}

/** A browser for one journey: started at its first page, one page that keeps its session through all steps. */
export class JourneyBrowser {
  readonly #context: ProbeContext
  #browser: Browser | undefined
  #page: Page | undefined
  #troubles: PageTrouble[] = []
  #requests = 0
  /** Requests that pages may still send. */
  #left = 0
  #beyond = false

  constructor(context: ProbeContext) {
    this.#context = context
  }

  async #open(hosts: readonly string[]): Promise<Page> {
    if (this.#page !== undefined) return this.#page
    const executablePath = await systemBrowser()
    const missing = await browserMissing()
    if (executablePath === undefined || missing !== undefined)
      throw new ProbeError({ code: 'NO_ACCESS', message: `a browser is needed: ${missing ?? 'none is installed'}`, phase: 'request' })
    const { chromium } = (await import(LIBRARY)) as Playwright
    this.#browser = await chromium.launch({
      executablePath,
      headless: true,
      // Chromium refuses its own sandbox to root.
      chromiumSandbox: process.getuid?.() !== 0,
      args: await argumentsFor(this.#context, hosts),
      timeout: 30_000,
    })
    const devtools = await this.#browser.newBrowserCDPSession()
    await this.#count(devtools)
    const page = await (await this.#browser.newContext({ serviceWorkers: 'block' })).newPage()
    this.#watch(page)
    await page.exposeFunction('__postproofPolicy', (text) => this.#note({ kind: 'policy', text: short(text) }))
    await page.addInitScript(
      `document.addEventListener('securitypolicyviolation', (event) => { if (event.disposition === 'enforce') window.__postproofPolicy(event.effectiveDirective + ' blocked ' + (event.blockedURI || 'inline') + ' on ' + location.pathname) }, true)`,
    )
    this.#page = page
    return page
  }
  /**
   * Lets requests out one by one, as many as the step may send. By the protocol itself: playwright-core would answer preflights in the server's place
   * wherever it intercepts.
   */
  async #count(devtools: Devtools): Promise<void> {
    devtools.on('Fetch.requestPaused', ({ requestId, request: { url, method } }) => {
      const parts = splitUrl(url)
      const held = parts !== undefined && !this.#admitted()
      if (parts !== undefined && !held) this.#context.zones?.note({ host: parts.host, path: parts.path, method })
      const going = held
        ? devtools.send('Fetch.failRequest', { requestId, errorReason: 'BlockedByClient' })
        : devtools.send('Fetch.continueRequest', { requestId })
      // Of a page that is closed meanwhile nothing is under way any more.
      going.catch(() => {})
    })
    await devtools.send('Fetch.enable', { patterns: [{ urlPattern: '*' }] })
  }
  #admitted(): boolean {
    if (this.#left > 0) {
      this.#left -= 1
      return true
    }
    this.#beyond = true
    void this.#page?.close().catch(() => {})
    return false
  }
  #note(trouble: PageTrouble): void {
    if (!this.#beyond && this.#troubles.length < MOST_TROUBLES) this.#troubles.push(trouble)
  }
  #watch(page: Page): void {
    page.on('console', (message) => {
      const text = message.text()
      if (message.type() !== 'error') return
      // Chromium reports both in the console too; they are told once, as what they are.
      if (text.startsWith('Failed to load resource') || /Content Security Policy/.test(text)) return
      this.#note({ kind: 'console', text: short(text), url: short(message.location().url) })
    })
    page.on('pageerror', (error) => this.#note({ kind: 'exception', text: short(`${error.name}: ${error.message}`) }))
    page.on('websocket', (socket) => {
      const parts = splitUrl(socket.url().replace(/^ws/, 'http'))
      this.#context.used?.({ sockets: 1 })
      if (parts !== undefined) this.#context.zones?.note({ host: parts.host, path: parts.path })
      // Told when it is under way: nothing could hold it back, but what comes next.
      this.#admitted()
    })
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? 'failed'
      // A page that goes elsewhere gives up what it was still loading; what the policy blocks is told as that.
      if (why === 'net::ERR_ABORTED' || why === 'csp' || why === 'net::ERR_BLOCKED_BY_CSP') return
      this.#note({ kind: 'request', text: `${request.method()} ${request.resourceType()}: ${why}`, url: short(request.url()) })
    })
    page.on('response', (response) => {
      this.#requests += 1
      if (response.status() < 400) return
      const request = response.request()
      this.#note({ kind: 'request', text: `${request.method()} ${request.resourceType()}: ${response.status()}`, url: short(response.url()) })
    })
  }

  /** Never throws for what pages do. @throws ProbeError `NO_ACCESS` */
  async walk(step: BrowserStep, captured: ReadonlyMap<string, string>): Promise<BrowserLook> {
    const { target } = this.#context
    const page = await this.#open([
      ...new Set([
        ...target.hosts.map(({ fqdn }) => fqdn),
        ...step.browser.flatMap((one) => ('open' in one ? [new URL(one.open.replaceAll('{domain}', target.domain)).hostname] : [])),
      ]),
    ])
    this.#troubles = []
    this.#requests = 0
    const most = step.maxRequests ?? PAGE_REQUESTS
    this.#left = most
    const timeout = probeMs(target)
    const actions: ActionLook[] = []
    for (const one of step.browser) {
      const start = performance.now()
      let what = ''
      let detail = 'done'
      let ok = true
      try {
        if ('open' in one) {
          const url = filled(this.#context, one.open, captured)
          what = `open ${one.open}`
          const response = await page.goto(url, { waitUntil: 'load', timeout })
          detail = `${response?.status() ?? 'no answer'}`
          ok = response !== null && response.status() < 400
        } else if ('fill' in one) {
          what = `fill ${one.fill}`
          await page
            .locator(one.fill)
            .first()
            .fill(filled(this.#context, one.with, captured), { timeout })
        } else if ('click' in one) {
          what = `click ${one.click}`
          await page.locator(one.click).first().click({ timeout })
        } else if ('see' in one) {
          what = `see ${one.see}${one.containing === undefined ? '' : ` containing ${JSON.stringify(one.containing)}`}`
          await page
            .locator(one.see, one.containing === undefined ? {} : { hasText: one.containing })
            .first()
            .waitFor({ state: 'visible', timeout })
        } else if ('count' in one) {
          what = `at least ${one.min} of ${one.count}`
          const deadline = performance.now() + timeout
          let count = 0
          for (;;) {
            count = await page.locator(one.count).count()
            if (count >= one.min || performance.now() > deadline) break
            await sleep(100, this.#context.signal)
          }
          ok = count >= one.min
          detail = `${count}`
        } else {
          what = `at ${one.at}`
          const deadline = performance.now() + timeout
          while (!page.url().includes(one.at) && performance.now() < deadline) await sleep(50, this.#context.signal)
          ok = page.url().includes(one.at)
          detail = ok ? 'there' : `at ${short(new URL(page.url()).pathname, 100)}`
        }
      } catch (error) {
        if (error instanceof ProbeError) throw error
        ok = false
        // Its message repeats what was to be filled in below the first line.
        detail = short((error as Error).message.split('\n')[0] ?? 'failed', 200)
      }
      if (this.#beyond) {
        ok = false
        detail = `its pages wanted to send more than ${most} requests, and were closed`
      }
      actions.push({ what, ok, detail, ms: Math.round(performance.now() - start) })
      if (!ok) break
    }
    // What is still under way may yet fail.
    await page.waitForLoadState('networkidle', { timeout: IDLE_MS }).catch(() => {})
    return { actions, troubles: [...this.#troubles], requests: this.#requests, ...(this.#beyond ? { beyond: most } : {}) }
  }

  async close(): Promise<void> {
    await this.#browser?.close().catch(() => {})
  }
}
