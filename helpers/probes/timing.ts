/** The same look several times, for questions about time and weight: handshakes, samples of a document or URL, the whole of a page. No opinions. */
import type { HttpObservation, RawHeaders, TlsObservation } from '../observations.ts'
import { type Observed, type Probe, ProbeError } from '../probe.ts'
import type { Host } from '../target.ts'
import { documentOf, httpRequest, splitUrl } from './http.ts'
import { readPage } from './page.ts'
import { tlsHandshake } from './tls.ts'

const BACKSTOP_MS = 120_000

/** What a browser offers (RFC 9110 §12.5.3); zstd and deflate are left out, so that every server's answer can be read. */
const AS_BROWSERS: RawHeaders = [['accept-encoding', 'gzip, br']]

/**
 * Handshakes with the first address of a host, one after the other: the host's ordinary one and, only where that took longer than asked, two more
 * on connections of their own (2 connections at most beside those that exist anyway).
 * @throws ProbeError what the first handshake failed with; a later one that fails is left out
 */
export function handshakeLooks(fqdn: string, again: { readonly connectMs: number; readonly tlsMs: number }): Probe<readonly TlsObservation[]> {
  return {
    kind: 'handshakeLooks',
    key: `handshakeLooks ${fqdn} ${again.connectMs} ${again.tlsMs}`,
    impact: 'read',
    cost: { connections: 2, requests: 0 },
    host: fqdn,
    timeoutMs: BACKSTOP_MS,
    async run(context) {
      const first = await context.observe(tlsHandshake({ host: fqdn }))
      if (!first.ok) throw new ProbeError(first.failure)
      const looks = [first.value]
      if (first.value.connectMs <= again.connectMs && first.value.handshakeMs <= again.tlsMs) return looks
      // The offer names what is offered anyway, or only the older protocol: handshakes of the same cost under keys of their own.
      for (const alpn of [['h2', 'http/1.1'], ['http/1.1']]) {
        const seen = await context.observe(tlsHandshake({ host: fqdn, alpn }))
        if (seen.ok) looks.push(seen.value)
      }
      return looks
    },
  }
}

/** One sample of a document: its hops in order, or what the sample failed with. */
export type DocumentSample = { readonly hops: readonly HttpObservation[]; readonly failed?: { readonly code: string; readonly message: string } }

/**
 * The document of a host, redirects within the host included, asked so many times one after the other over the host's kept-alive connection.
 * The first sample is everybody's look at the document.
 * @throws ProbeError what the first sample failed with
 */
export function documentSamples(host: Host, samples: number): Probe<readonly DocumentSample[]> {
  return {
    kind: 'documentSamples',
    key: `documentSamples https://${host.fqdn}${host.path} ${samples}`,
    impact: 'read',
    cost: { connections: 0, requests: 2 * samples },
    host: host.fqdn,
    timeoutMs: BACKSTOP_MS,
    async run(context) {
      const first = await context.observe(documentOf(host))
      if (!first.ok) throw new ProbeError(first.failure)
      const { hops, end, reason } = first.value
      const all: DocumentSample[] = [end === 'failed' ? { hops, failed: { code: 'UNFOLLOWABLE', message: reason ?? 'a later hop failed' } } : { hops }]
      for (let sample = 2; sample <= samples; sample += 1) {
        const seen: HttpObservation[] = []
        let failed: DocumentSample['failed']
        for (const { url } of hops) {
          const parts = splitUrl(url)
          if (parts === undefined) continue
          const hop = await context.observe(httpRequest({ ...parts, tag: `sample ${sample}` }))
          if (!hop.ok) {
            failed = hop.failure
            break
          }
          seen.push(hop.value)
        }
        all.push(failed === undefined ? { hops: seen } : { hops: seen, failed })
      }
      return all
    },
  }
}

/**
 * GET of one URL so many times, one after the other, stopping early at a failure or a limiter's 429 (asking on would only prolong it).
 * Never fails as a whole: a failed sample is the last one.
 */
export function urlSamples(url: string, samples: number, maxBodyBytes?: number): Probe<readonly Observed<HttpObservation>[]> {
  const parts = splitUrl(url)
  if (parts === undefined) throw new TypeError(`${JSON.stringify(url)} is no http(s) URL`)
  return {
    kind: 'urlSamples',
    key: `urlSamples ${url} ${samples} ${maxBodyBytes ?? ''}`,
    impact: 'read',
    cost: { connections: 0, requests: samples },
    host: parts.host,
    timeoutMs: BACKSTOP_MS,
    async run(context) {
      const seen: Observed<HttpObservation>[] = []
      for (let sample = 1; sample <= samples; sample += 1) {
        const one = await context.observe(
          httpRequest({ ...parts, headers: AS_BROWSERS, tag: `sample ${sample}`, ...(maxBodyBytes === undefined ? {} : { maxBodyBytes }) }),
        )
        seen.push(one)
        if (!one.ok || one.value.status === 429) break
      }
      return seen
    },
  }
}

export interface PageLoad {
  /** The document as browsers ask for it, content codings offered. */
  readonly document: HttpObservation
  /** What its markup makes every browser load at once from the same host: scripts, styles, images. At most 60, each once. */
  readonly assets: readonly { readonly url: string; readonly seen: Observed<HttpObservation> }[]
  /** Redirects before the document. */
  readonly redirects: number
  /** How many there are on other hosts, which are not looked at. */
  readonly foreign: number
  /** The markup names more than were looked at. */
  readonly cut: boolean
}

const MOST_ASSETS = 60
const LOADED: ReadonlySet<string> = new Set(['stylesheet', 'icon', 'modulepreload', 'preload'])

/**
 * The document of a host with everything of its own host that its markup loads, as a browser with an empty cache asks for it. What scripts and
 * styles load later is not seen.
 * @param maxBodyBytes of the document and of each asset
 * @throws ProbeError what the document failed with
 */
export function pageLoad(host: Host, maxBodyBytes: number): Probe<PageLoad> {
  return {
    kind: 'pageLoad',
    key: `pageLoad https://${host.fqdn}${host.path} ${maxBodyBytes}`,
    impact: 'read',
    cost: { connections: 0, requests: 12 },
    host: host.fqdn,
    timeoutMs: BACKSTOP_MS,
    async run(context) {
      const chain = await context.observe(documentOf(host))
      if (!chain.ok) throw new ProbeError(chain.failure)
      const last = chain.value.hops.at(-1)
      const parts = last === undefined ? undefined : splitUrl(last.url)
      if (chain.value.end === 'failed' || parts === undefined)
        throw new ProbeError({ code: 'UNFOLLOWABLE', message: chain.value.reason ?? 'there is no document', phase: 'response' })
      const seen = await context.observe(httpRequest({ ...parts, headers: AS_BROWSERS, maxBodyBytes }))
      if (!seen.ok) throw new ProbeError(seen.failure)
      const page = readPage(seen.value)
      const urls = new Set<string>()
      const foreign = new Set<string>()
      let icons = 0
      for (const { tag, attribute, rel, url } of page.references) {
        // Of the candidates of a srcset, and of several icons, a browser loads one.
        if (attribute === 'srcset' || (rel.includes('icon') && (icons += 1) > 1)) continue
        const loads = tag === 'script' || tag === 'img' || (tag === 'link' && rel.some((one) => LOADED.has(one)))
        const to = url === undefined ? undefined : splitUrl(url)
        if (!loads || url === undefined || to === undefined) continue
        if (to.host === host.fqdn && to.scheme === 'https') urls.add(url.replace(/#.*$/s, ''))
        else foreign.add(url)
      }
      const chosen = [...urls].slice(0, MOST_ASSETS)
      const assets = await Promise.all(
        chosen.map(async (url) => ({
          url,
          seen: await context.observe(httpRequest({ ...(splitUrl(url) as NonNullable<ReturnType<typeof splitUrl>>), headers: AS_BROWSERS, maxBodyBytes })),
        })),
      )
      return { document: seen.value, assets, redirects: chain.value.hops.length - 1, foreign: foreign.size, cut: page.cut || urls.size > chosen.length }
    },
  }
}
