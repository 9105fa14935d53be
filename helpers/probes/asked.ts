/** Requests that a look will send, as `plan` counts them. */
import type { Target } from '../target.ts'
import { zoneCosts } from '../zones.ts'
import { splitUrl } from './http.ts'

/** Accounts of nobody, as they stand among the logins of plan and report: nobody's account is locked by them. */
export const NOBODY = '(names that nobody has)'

export interface Asked {
  /** Absolute, `{domain}` filled in or not. */
  readonly url: string
  /** Replaces path and query of the URL. */
  readonly path?: string
  /** @default 'GET' */
  readonly method?: string
  /** @default 1 */
  readonly times?: number
}

/** A GET that is answered with 429 is asked so often more (`perform` of http.ts). */
export const ASKED_AGAIN = 2

export function askedCost(
  target: Target,
  asked: readonly Asked[],
): {
  readonly requests: number
  readonly zones: Readonly<Record<string, number>>
  /** Requests that `perform` may ask again. */
  readonly readings: number
} {
  const sent = asked.map(({ url, path, method = 'GET', times = 1 }) => {
    const parts = splitUrl(url.replaceAll('{domain}', target.domain))
    return { host: parts?.host ?? target.domain, path: path ?? parts?.path ?? '/', method, times }
  })
  const sum = (list: readonly { readonly times: number }[]): number => list.reduce((total, { times }) => total + times, 0)
  return { requests: sum(sent), zones: zoneCosts(target, sent), readings: sum(sent.filter(({ method }) => ['GET', 'HEAD', 'OPTIONS'].includes(method))) }
}
