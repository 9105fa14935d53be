/** Pure readers of an HTTP observation: header values by name in any case, body as text, whether it is a document or an obstacle before it. */
import type { HttpObservation, RawHeaders } from './observations.ts'

/** Every value of a header in the order received; nothing joined, nothing split. */
export function headerValues(raw: RawHeaders, name: string): readonly string[] {
  const wanted = name.toLowerCase()
  const values: string[] = []
  for (const [key, value] of raw) if (key.length === wanted.length && key.toLowerCase() === wanted) values.push(value)
  return values
}

/** The first value, undefined when the header is not there. */
export function headerValue(raw: RawHeaders, name: string): string | undefined {
  const wanted = name.toLowerCase()
  for (const [key, value] of raw) if (key.length === wanted.length && key.toLowerCase() === wanted) return value
  return undefined
}

/** `type/subtype` in lower case without parameters; undefined when there is no Content-Type. */
export function mediaType(raw: RawHeaders): string | undefined {
  return headerValue(raw, 'content-type')?.split(';', 1)[0]?.trim().toLowerCase()
}

const LATIN1 = new TextDecoder('latin1')
const UTF8 = new TextDecoder('utf-8')
const texts = new WeakMap<Uint8Array, string>()

/** The body as text: UTF-8 unless the Content-Type names Latin-1. Never throws; bytes that are none become U+FFFD. */
export function bodyText(seen: Pick<HttpObservation, 'body' | 'headers'>): string {
  const known = texts.get(seen.body)
  if (known !== undefined) return known
  const latin = /charset\s*=\s*"?(?:iso-8859-1|latin1|windows-1252)/i.test(headerValue(seen.headers, 'content-type') ?? '')
  const text = (latin ? LATIN1 : UTF8).decode(seen.body)
  texts.set(seen.body, text)
  return text
}

/** An HTML document by its Content-Type; without one, by its first tag. */
export function isHtml(seen: Pick<HttpObservation, 'body' | 'headers'>): boolean {
  const type = mediaType(seen.headers)
  if (type !== undefined) return type === 'text/html' || type === 'application/xhtml+xml'
  return /^\s*(?:<!doctype html|<html)/i.test(bodyText(seen).slice(0, 512))
}

/** Text of the HTML title, white space folded; undefined when there is none. */
export function titleOf(seen: Pick<HttpObservation, 'body' | 'headers'>): string | undefined {
  const match = /<title(?:\s[^<>]*)?>([^<]*)/i.exec(bodyText(seen).slice(0, 65_536))
  return match?.[1]?.replace(/\s+/g, ' ').trim()
}

const CHALLENGE_STATUSES: ReadonlySet<number> = new Set([401, 403, 429, 503])
const CHALLENGE =
  /cf-chl-|challenge-platform|_cf_chl_opt|g-recaptcha|h-captcha|hcaptcha\.com|cf-turnstile|captcha-delivery|ddos-guard|\/_sucuri|awswaf|just a moment\.\.\./i

/**
 * An edge stood in the way and asked for proof of humanity instead of answering: no basis for a verdict about the application behind it
 * (cf-mitigated, or a status such edges use together with the markup of a known captcha or challenge).
 */
export function isChallenge(seen: Pick<HttpObservation, 'status' | 'body' | 'headers'>): boolean {
  if (headerValue(seen.headers, 'cf-mitigated')?.trim().toLowerCase() === 'challenge') return true
  if (headerValue(seen.headers, 'x-amzn-waf-action') !== undefined) return true
  return CHALLENGE_STATUSES.has(seen.status) && CHALLENGE.test(bodyText(seen).slice(0, 65_536))
}

/** Answers that say nothing about the document: a challenge, a limiter, an overloaded or broken gateway (rules G4, G5). */
export function isObstacle(seen: Pick<HttpObservation, 'status' | 'body' | 'headers'>): boolean {
  return seen.status === 429 || seen.status >= 500 || isChallenge(seen)
}
