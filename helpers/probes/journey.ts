/** What users do, step by step: requests with one session, pages in a browser. Each step and what was seen of it; clean-up is done whatever happened. */
import { createHash } from 'node:crypto'
import { headerValue, isHtml } from '../headers.ts'
import { matchValue, showValue } from '../matcher.ts'
import { search } from '../owner-expression.ts'
import { type Impact, type Probe, type ProbeContext, ProbeError, type ProbeFailure } from '../probe.ts'
import { sleep } from '../sleep.ts'
import type { Target } from '../target.ts'
import { type Journey, PAGE_REQUESTS, type RequestStep } from '../target/journeys.ts'
import { type ActionLook, JourneyBrowser, type PageTrouble } from './browser.ts'
import { exchange, type ExchangeAnswer, type ExchangeRequest } from './exchange.ts'
import { splitUrl } from './http.ts'
import { zonesOf } from '../zones.ts'
import { type Asked, askedCost } from './asked.ts'
import { filled, jsonAt, Session, signInCost } from './sign-in.ts'
import { withoutTags } from '../grammar/linear.ts'

/** One thing expected of a step. */
export interface Expected {
  readonly kind: 'status' | 'json' | 'items' | 'content' | 'text' | 'header' | 'streamed' | 'time' | 'capture'
  readonly what: string
  readonly expected: string
  readonly received: string
  readonly ok: boolean
  /** The target file asks for something that cannot be evaluated. */
  readonly misused?: string
}
/** A pause between two parts, and more than a segment's worth of one: what a buffer lets go comes without pauses, in full segments. */
const PAUSE_MS = 20
const SEGMENT_BYTES = 1_200
/** A slow application begins late, and flows then. */
const trickles = (parts: ExchangeAnswer['parts']): boolean =>
  parts.filter(({ atMs, bytes }, index) => index > 0 && bytes < SEGMENT_BYTES && atMs - (parts[index - 1]?.atMs ?? atMs) >= PAUSE_MS).length >= 3

export interface StepLook {
  readonly name: string
  readonly kind: 'request' | 'browser' | 'clean-up'
  /** `GET https://…`, as declared. */
  readonly what: string
  readonly startMs: number
  readonly endMs: number
  readonly status?: number
  readonly peer?: string
  readonly at: string
  readonly failure?: ProbeFailure
  readonly expected: readonly Expected[]
  readonly tries: number
  readonly actions: readonly ActionLook[]
  readonly troubles: readonly PageTrouble[]
  /** Of pages: they wanted to send more requests than so many, and were closed. */
  readonly beyond?: number
  /** A step before it failed, or what it needs was not captured. */
  readonly leftOut?: string
}
export interface JourneyLook {
  readonly id: string
  readonly steps: readonly StepLook[]
}

const MOST_BODY = 1024 * 1024
/** Between the tries of a step. */
const RETRY_MS = 500
const utf8 = new TextDecoder()

/** One whose start tag has no end reaches to the end as well, and stays: it is looked behind once. */
const SILENT = /<(script|style|template|noscript|head|svg)\b[^>]*(?:(>)[^]*?(?:<\/\1\s*>|$)|$)/gi
/** Text that a visitor would read, roughly: markup and what is not shown taken out. */
const visibleText = (html: string): string =>
  withoutTags(
    html.replaceAll(/<!--[^]*?(?:-->|$)/g, ' ').replaceAll(SILENT, (whole, _name, end: string | undefined) => (end === undefined ? whole : ' ')),
    ' ',
  )
    .replaceAll(/\s+/g, ' ')
    .trim()

/** What a step expects of its answer. Success (2xx, 3xx) unless it says which status. */
function evaluate(step: RequestStep, answer: ExchangeAnswer): readonly Expected[] {
  const seen: Expected[] = []
  const { expect = {} } = step
  const statuses = expect.status === undefined ? undefined : [expect.status].flat()
  seen.push({
    kind: 'status',
    what: 'status',
    expected: statuses?.join(' or ') ?? '2xx or 3xx',
    received: String(answer.status),
    ok: statuses === undefined ? answer.status >= 200 && answer.status < 400 : statuses.includes(answer.status),
  })
  const text = utf8.decode(answer.body)
  for (const [path, matcher] of Object.entries(expect.json ?? {})) {
    const match = matchValue(matcher, jsonAt(answer, path))
    seen.push({
      kind: 'json',
      what: path,
      expected: match.expected,
      received: match.received,
      ok: match.ok,
      ...(match.misused === undefined ? {} : { misused: match.misused }),
    })
  }
  if (expect.items !== undefined) {
    const { path, min = 1, max } = expect.items
    const value = jsonAt(answer, path)
    const ok = Array.isArray(value) && value.length >= min && (max === undefined || value.length <= max)
    seen.push({
      kind: 'items',
      what: `entries of ${path}`,
      expected: `${min}${max === undefined ? ' or more' : ` to ${max}`}`,
      received: Array.isArray(value) ? String(value.length) : showValue(value),
      ok,
    })
  }
  for (const wanted of expect.contains ?? [])
    seen.push({
      kind: 'content',
      what: 'body',
      expected: `containing ${showValue(wanted)}`,
      received: text.includes(wanted) ? 'contained' : `${answer.bytes} bytes without it`,
      ok: text.includes(wanted),
    })
  for (const unwanted of expect.excludes ?? [])
    seen.push({
      kind: 'content',
      what: 'body',
      expected: `without ${showValue(unwanted)}`,
      received: text.includes(unwanted) ? 'contained' : 'not contained',
      ok: !text.includes(unwanted) && !answer.truncated,
    })
  for (const [name, matcher] of Object.entries(expect.header ?? {})) {
    const match = matchValue(matcher, headerValue(answer.headers, name), { text: true })
    seen.push({
      kind: 'header',
      what: `header ${name}`,
      expected: match.expected,
      received: match.received,
      ok: match.ok,
      ...(match.misused === undefined ? {} : { misused: match.misused }),
    })
  }
  if (expect.minText !== undefined) {
    const shown = isHtml(answer) ? visibleText(text) : text
    seen.push({
      kind: 'text',
      what: 'text of the page',
      expected: `${expect.minText} characters or more`,
      received: `${shown.length} characters`,
      ok: shown.length >= expect.minText,
    })
  }
  if (expect.streamed === true) {
    const first = answer.parts[0]?.atMs ?? answer.totalMs
    const last = answer.parts.at(-1)?.atMs ?? answer.totalMs
    seen.push({
      kind: 'streamed',
      what: 'how the answer came',
      expected: 'in parts, the first one before half of the time, or one small part after the other',
      received: `${answer.parts.length} parts, the first after ${Math.round(first)} ms, the last after ${Math.round(last)} ms`,
      ok: answer.parts.length > 1 && (first < last * 0.5 || trickles(answer.parts)),
    })
  }
  if (expect.maxMs !== undefined)
    seen.push({
      kind: 'time',
      what: 'time to the end of the answer',
      expected: `≤ ${expect.maxMs} ms`,
      received: `${Math.round(answer.totalMs)} ms`,
      ok: answer.totalMs <= expect.maxMs,
    })
  return seen
}

function captureFrom(
  answer: ExchangeAnswer,
  session: Session,
  how: NonNullable<RequestStep['capture']>[string],
): string | { readonly misused: string } | undefined {
  if (how.json !== undefined) {
    const value = jsonAt(answer, how.json)
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
  }
  if (how.header !== undefined) return headerValue(answer.headers, how.header)
  if (how.cookie !== undefined) return session.cookies.get(how.cookie)
  const found = search(new RegExp(how.regex ?? '(?!)'), utf8.decode(answer.body).slice(0, 65_536))
  return found.ok ? found.match?.[1] : { misused: found.why }
}

const fillDeep = (context: ProbeContext, value: unknown, captured: ReadonlyMap<string, string>): unknown =>
  typeof value === 'string'
    ? filled(context, value, captured)
    : Array.isArray(value)
      ? value.map((one) => fillDeep(context, one, captured))
      : typeof value === 'object' && value !== null
        ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, fillDeep(context, one, captured)]))
        : value

const secretsIn = (step: RequestStep): boolean => JSON.stringify(step).includes('{secret:')

class Walk {
  #context: ProbeContext
  readonly #session: Session
  readonly #captured = new Map<string, string>()
  readonly #start = performance.now()
  readonly #browser: JourneyBrowser
  #signed: boolean
  /** The step that changed something when the run ended, and whose answer never came. */
  underWay: string | undefined

  constructor(context: ProbeContext, session: Session, signed: boolean) {
    this.#context = context
    this.#session = session
    this.#signed = signed
    this.#browser = new JourneyBrowser(context)
  }
  /** Goes on in another context: that of removing things when the run has ended. */
  continueIn(context: ProbeContext): void {
    this.#context = context
    this.#session.continueIn(context)
  }
  #now(): number {
    return Math.round(performance.now() - this.#start)
  }
  /** What was captured (tokens, ids) never stands in what is shown. */
  #hidden(text: string): string {
    let shown = text
    for (const [name, value] of this.#captured) if (value.length >= 8) shown = shown.replaceAll(value, `<${name}>`)
    return shown
  }

  async request(step: RequestStep, kind: 'request' | 'clean-up'): Promise<StepLook> {
    this.#context.signal.throwIfAborted()
    const startMs = this.#now()
    const at = new Date().toISOString()
    const method = step.method ?? 'GET'
    const what = `${method} ${step.url}`
    const base = { name: step.name, kind, what, startMs, at, actions: [], troubles: [] }
    const deadline = performance.now() + (step.retry?.seconds ?? 0) * 1_000
    let tries = 0
    for (;;) {
      tries += 1
      try {
        const fill = (text: string): string => filled(this.#context, text, this.#captured)
        const body =
          step.json !== undefined
            ? { type: 'application/json', text: JSON.stringify(fillDeep(this.#context, step.json, this.#captured)) }
            : step.form !== undefined
              ? {
                  type: 'application/x-www-form-urlencoded',
                  text: new URLSearchParams(Object.fromEntries(Object.entries(step.form).map(([name, value]) => [name, fill(value)]))).toString(),
                }
              : step.body !== undefined
                ? { type: 'text/plain; charset=utf-8', text: fill(step.body) }
                : undefined
        const own = Object.entries(step.headers ?? {}).map(([name, value]): [string, string] => [name, fill(value)])
        const request: ExchangeRequest = {
          url: fill(step.url),
          method,
          headers: [
            ...(body === undefined || own.some(([name]) => name.toLowerCase() === 'content-type') ? [] : [['Content-Type', body.type] as [string, string]]),
            ...own,
          ],
          ...(body === undefined ? {} : { body: body.text }),
          keepBytes: MOST_BODY,
          // Whoever has signed in, or was given a token on the way, carries something secret from then on.
          ...(this.#signed || secretsIn(step) || this.#captured.size > 0 ? { secret: true } : {}),
        }
        const answer = step.auth === 'none' ? await exchange(this.#context, request) : await this.#session.send(request)
        if (secretsIn(step)) this.#signed = true
        const expected = [...evaluate(step, answer)]
        const good = expected.every(({ ok }) => ok)
        if (!good && performance.now() < deadline) {
          await sleep(step.retry?.everyMs ?? RETRY_MS, this.#context.signal)
          continue
        }
        for (const [name, how] of Object.entries(step.capture ?? {})) {
          const value = captureFrom(answer, this.#session, how)
          if (typeof value === 'object')
            expected.push({ kind: 'capture', what: `capture of ${name}`, expected: 'a value', received: 'unknown', ok: false, misused: value.misused })
          else if (value === undefined || value === '' || value.length > 65_536)
            expected.push({ kind: 'capture', what: `capture of ${name}`, expected: 'a value', received: 'absent', ok: false })
          else this.#captured.set(name, value)
        }
        return {
          ...base,
          endMs: this.#now(),
          status: answer.status,
          peer: answer.peer,
          expected: expected.map((one) => ({ ...one, received: this.#hidden(one.received), expected: this.#hidden(one.expected) })),
          tries,
        }
      } catch (error) {
        if (this.#context.signal.aborted && kind === 'request' && !['GET', 'HEAD'].includes(method)) this.underWay = step.name
        if (!(error instanceof ProbeError) || this.#context.signal.aborted || error.failure.code === 'NO_ACCESS' || error.failure.code === 'UNTRUSTED')
          throw error
        if (error.failure.code === 'NOT_CAPTURED') return { ...base, endMs: this.#now(), expected: [], tries, leftOut: error.failure.message }
        if (performance.now() < deadline) {
          await sleep(step.retry?.everyMs ?? RETRY_MS, this.#context.signal)
          continue
        }
        return { ...base, endMs: this.#now(), failure: { ...error.failure, message: this.#hidden(error.failure.message) }, expected: [], tries }
      }
    }
  }
  async page(step: Exclude<Journey['steps'][number], RequestStep>): Promise<StepLook> {
    const startMs = this.#now()
    const at = new Date().toISOString()
    const seen = await this.#browser.walk(step, this.#captured)
    const ignored = (trouble: PageTrouble): boolean => (step.ignore ?? []).some((one) => trouble.text.includes(one) || trouble.url?.includes(one) === true)
    return {
      name: step.name,
      kind: 'browser',
      what: 'in a browser',
      startMs,
      endMs: this.#now(),
      at,
      expected: [],
      tries: 1,
      ...(seen.beyond === undefined ? {} : { beyond: seen.beyond }),
      actions: seen.actions.map((one) => ({ ...one, detail: this.#hidden(one.detail) })),
      troubles: seen.troubles
        .filter((one) => !ignored(one))
        .map((one) => ({ ...one, text: this.#hidden(one.text), ...(one.url === undefined ? {} : { url: this.#hidden(one.url) }) })),
    }
  }
  async close(): Promise<void> {
    await this.#browser.close()
  }
}

export const stepFailed = (step: StepLook): boolean =>
  step.failure !== undefined || step.beyond !== undefined || step.expected.some(({ ok }) => !ok) || step.actions.some(({ ok }) => !ok)

/** The strongest thing that a journey does. */
export function impactOf(journey: Journey): Impact {
  const acts = journey.steps.some((step) =>
    'browser' in step ? step.browser.some((one) => 'fill' in one || 'click' in one) : !['GET', 'HEAD'].includes(step.method ?? 'GET'),
  )
  if (acts && journey.writes !== false) return 'write'
  return acts || journey.auth !== undefined || JSON.stringify(journey.steps).includes('{secret:') ? 'login' : 'read'
}

/** How often a step may be asked again. */
const triesOf = ({ retry }: RequestStep): number => (retry === undefined ? 0 : Math.ceil((retry.seconds * 1_000) / (retry.everyMs ?? RETRY_MS)))

/**
 * Walks a journey once; ends at the first step that is not as expected, then cleans up.
 * @throws ProbeError `NO_ACCESS` (a secret or a browser is not at hand), `UNTRUSTED`, `SIGN_IN_REFUSED`
 */
export function walkJourney(journey: Journey, target: Target): Probe<JourneyLook> {
  const { domain } = target
  const first = journey.steps.flatMap((step) => ('browser' in step ? step.browser.flatMap((one) => ('open' in one ? [one.open] : [])) : [step.url]))[0]
  const host = first === undefined ? domain : (splitUrl(first.replaceAll('{domain}', domain))?.host ?? domain)
  const seconds = [...journey.steps, ...(journey.cleanUp ?? [])].reduce(
    (sum, step) => sum + ('browser' in step ? step.browser.length * 12 : 12 + (step.retry?.seconds ?? 0)),
    60,
  )
  const cleanUp = journey.cleanUp ?? []
  const steps = [...journey.steps, ...cleanUp]
  const { logins, asked } = signInCost(journey.auth)
  const own = askedCost(target, [
    ...asked,
    ...steps.flatMap((step): readonly Asked[] =>
      'browser' in step ? [] : [{ url: step.url, times: 1 + triesOf(step), ...(step.method === undefined ? {} : { method: step.method }) }],
    ),
  ])
  // Pages ask for what they like, wherever they like, and no more than this.
  const pages = steps.reduce((sum, step) => sum + ('browser' in step ? (step.maxRequests ?? PAGE_REQUESTS) : 0), 0)
  const requests = own.requests + pages
  const zones = pages === 0 ? own.zones : Object.fromEntries(zonesOf(target).map(({ name }) => [name, (own.zones[name] ?? 0) + pages]))
  // What happens in the background is asked for until it has happened.
  const open = pages > 0 || steps.some((step) => !('browser' in step) && step.retry !== undefined)
  return {
    kind: 'walkJourney',
    key: `walkJourney ${journey.id} ${createHash('sha256').update(JSON.stringify(journey)).digest('hex').slice(0, 12)}`,
    impact: impactOf(journey),
    cost: {
      connections: requests,
      requests,
      zones,
      logins,
      ...(open ? { atMost: true } : {}),
      ...(pages > 0 ? { openEnded: true } : {}),
    },
    host,
    timeoutMs: seconds * 1_000,
    run: async (context) => {
      const session = await Session.open(context, journey.auth)
      const walk = new Walk(context, session, journey.auth !== undefined)
      const looks: StepLook[] = []
      const removal = async (): Promise<readonly StepLook[]> => {
        const seen: StepLook[] = []
        for (const step of cleanUp) seen.push(await walk.request(step, 'clean-up'))
        return seen
      }
      const undo =
        cleanUp.length === 0
          ? undefined
          : context.undo?.(`what the journey ${journey.id} made`, async (late) => {
              walk.continueIn(late)
              const gone = await removal()
              if (walk.underWay !== undefined && gone.some(({ leftOut }) => leftOut !== undefined))
                throw new ProbeError({
                  code: 'UNKNOWN',
                  message: `${walk.underWay} was under way when the run ended: what it made is not known`,
                  phase: 'request',
                })
              // What needs something that was never captured has nothing to remove.
              return gone.every((step) => step.leftOut !== undefined || !stepFailed(step))
            })
      try {
        for (const step of journey.steps) {
          const seen = 'browser' in step ? await walk.page(step) : await walk.request(step, 'request')
          looks.push(seen)
          if (stepFailed(seen) || seen.leftOut !== undefined) break
        }
        looks.push(...(await removal()))
        undo?.done()
      } catch (error) {
        if (!context.signal.aborted) {
          await removal()
          undo?.done()
        }
        throw error
      } finally {
        await walk.close()
      }
      return { id: journey.id, steps: looks }
    },
  }
}
