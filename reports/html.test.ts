/** report.html in a real browser: what it asks for, what it runs, what a keyboard and a screen reader find. */
import { accessSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { html } from './html.ts'
import type { Report } from './report.ts'
import { hostileReport, longReport, sampleReport } from './testing/sample.ts'

const PROGRAM = process.env.CHROMIUM ?? '/usr/bin/chromium'
const installed = (() => {
  try {
    accessSync(PROGRAM)
    return true
  } catch {
    return false
  }
})()
test.runIf(process.env.CI !== undefined)('under CI the browser is installed', () => {
  expect(installed, `${PROGRAM} is missing`).toBe(true)
})

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Opened {
  readonly page: Page
  /** Every address asked for but the file itself. */
  readonly asked: readonly string[]
  /** Console lines and page errors: a refused script or style tells itself here. */
  readonly said: readonly string[]
}

describe.skipIf(!installed)('in Chromium', () => {
  let browser: Browser
  const folder = mkdtempSync(join(tmpdir(), 'postproof-html-'))
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: PROGRAM,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    })
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function open(
    report: Report,
    options: { readonly width?: number; readonly scheme?: 'light' | 'dark'; readonly script?: boolean } = {},
  ): Promise<Opened> {
    const file = join(folder, 'report.html')
    writeFileSync(file, html(report))
    const context = await browser.newContext({
      viewport: { width: options.width ?? 1280, height: 900 },
      colorScheme: options.scheme ?? 'light',
      javaScriptEnabled: options.script ?? true,
    })
    const page = await context.newPage()
    const asked: string[] = []
    const said: string[] = []
    page.on('request', (request) => {
      if (request.url() !== pathToFileURL(file).href) asked.push(request.url())
    })
    page.on('console', (message) => said.push(message.text()))
    page.on('pageerror', (error) => said.push(String(error)))
    await page.goto(pathToFileURL(file).href)
    return { page, asked, said }
  }
  const rows = (page: Page): Promise<number> => page.locator('details.result').count()

  test.each<[string, () => Report]>([
    ['a report of everything', sampleReport],
    ['a hostile one', hostileReport],
  ])('%s asks for nothing, breaks no policy of its own, runs nothing foreign', async (_name, make) => {
    const { page, asked, said } = await open(make())
    await page.locator('#f-outcome').selectOption('')
    for (const summary of await page.locator('details.result > summary').all()) await summary.click()
    expect(await page.evaluate('window.owned')).toBeUndefined()
    expect(asked).toEqual([])
    expect(said).toEqual([])
    // Nothing of the target became an element: images, links and frames are not in our page at all.
    expect(await page.locator('img, iframe, object, embed, svg script, a:not(.skip-link)').count()).toBe(0)
    await page.context().close()
  })

  test('an injected script would be refused: the policy is in force', async () => {
    const { page, said } = await open(sampleReport())
    await page.evaluate(`{ const s = document.createElement('script'); s.textContent = 'window.owned=1'; document.body.append(s) }`)
    expect(await page.evaluate('window.owned')).toBeUndefined()
    expect(said.join()).toMatch(/Content Security Policy/)
    await page.context().close()
  })

  test.each<[string, () => Report, number, 'light' | 'dark']>([
    ['wide and light', sampleReport, 1280, 'light'],
    ['wide and dark', sampleReport, 1280, 'dark'],
    ['as narrow as a phone', sampleReport, 390, 'light'],
    ['hostile', hostileReport, 1280, 'light'],
    ['green', () => sampleReport({ results: sampleReport().results.filter((one) => one.outcome === 'pass') }), 1280, 'dark'],
  ])('axe finds nothing: %s', async (_name, make, width, scheme) => {
    const { page } = await open(make(), { width, scheme })
    await page.evaluate(axe)
    const { violations } = (await page.evaluate('axe.run()')) as { violations: { id: string; nodes: { html: string }[] }[] }
    expect(violations.map((one) => `${one.id}: ${one.nodes[0]?.html}`)).toEqual([])
    // Wide tables scroll in their own box; the page itself never does.
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    await page.context().close()
  })

  test('a grid of many suites scrolls in its own box, never the page', async () => {
    const report = sampleReport()
    const [first] = report.results as [Report['results'][number]]
    const suites = ['caching', 'cookies', 'cors', 'dns', 'exposure', 'headers', 'health', 'performance', 'redirects', 'routing', 'tls', 'websocket']
    const { page } = await open({ ...report, results: suites.map((suite) => ({ ...first, suite, check: `${suite}/one` })) }, { width: 390 })
    expect(await page.evaluate('document.querySelector(".scroll").scrollWidth > innerWidth')).toBe(true)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
    await page.context().close()
  })

  test('what is open stands first, opened; filters narrow it; nothing matching says so', async () => {
    const { page } = await open(sampleReport())
    expect(await rows(page)).toBe(5)
    const first = page.locator('details.result').first()
    expect(await first.getAttribute('open')).not.toBeNull()
    expect(await first.innerText()).toMatch(/tls\/validity[\s\S]*after 2026-03-01[\s\S]*2026-02-01[\s\S]*Renew the certificate[\s\S]*openssl s_client/)
    await page.locator('#f-outcome').selectOption('')
    expect(await rows(page)).toBe(7)
    await page.locator('#f-suite').selectOption('headers')
    expect(await rows(page)).toBe(2)
    await page.locator('#f-text').fill('nothing like this')
    expect(await rows(page)).toBe(0)
    expect(await page.locator('#shown').innerText()).toBe('Nothing matches.')
    await page.locator('button[type=reset]').click()
    await expect.poll(() => rows(page)).toBe(5)
    await page.context().close()
  })

  test('a cell of the grid is reached and pressed by keyboard and leads to its verdicts', async () => {
    const { page } = await open(sampleReport())
    const cell = page.locator('.cell[data-host="api.example.com"][data-suite="tls"]')
    await cell.focus()
    await page.keyboard.press('Enter')
    expect(await rows(page)).toBe(1)
    expect(await page.evaluate('document.activeElement.id')).toBe('findings')
    await page.locator('details.result > summary').first().focus()
    const before = await page.locator('details.result').first().getAttribute('open')
    await page.keyboard.press('Enter')
    expect(await page.locator('details.result').first().getAttribute('open')).not.toBe(before)
    await page.context().close()
  })

  test('the command is copied whole', async () => {
    const { page } = await open(sampleReport())
    await page.locator('.command button').first().click()
    // The clipboard answers when it likes; the word must come, and not at once.
    const told = page.locator('.command button', { hasText: /Copied|Selected/ })
    await told.first().waitFor({ timeout: 10_000 })
    expect(await told.count()).toBe(1)
    await page.context().close()
  })

  test('printed, everything open is shown with its evidence', async () => {
    const { page } = await open(sampleReport())
    await page.locator('details.result > summary').first().click()
    await page.evaluate('dispatchEvent(new Event("beforeprint"))')
    await page.emulateMedia({ media: 'print' })
    expect(await page.locator('details.result:not([open])').count()).toBe(0)
    expect(await page.locator('.filters').isVisible()).toBe(false)
    await page.context().close()
  })

  test('without scripts the verdict, the grid and the way to the facts are there', async () => {
    const { page } = await open(sampleReport(), { script: false })
    expect(await page.locator('h1').innerText()).toBe('Failed shop')
    expect(await page.locator('.cell').count()).toBeGreaterThan(3)
    expect(await page.locator('main').innerText()).toContain('report.md and report.json')
    await page.context().close()
  })

  test('forty thousand verdicts open and filter', async () => {
    const report = longReport(40_000)
    expect(Buffer.byteLength(html(report))).toBeLessThan(25_000_000)
    const { page, said } = await open(report)
    expect(await rows(page)).toBe(100)
    await page.locator('#f-text').fill('host12.example.com')
    expect(await page.locator('#shown').innerText()).toMatch(/^\d+ of 40000 verdicts$/)
    expect(said).toEqual([])
    await page.context().close()
  })
})
