/** What a host's document refers to, and the assets behind it that are the deployment's own. Facts only, from one look at the document. */
import { readStartTags } from '../grammar/html.ts'
import { bodyText, isHtml } from '../headers.ts'
import type { HttpObservation, RawHeaders } from '../observations.ts'
import { type Observed, type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import type { Host } from '../target.ts'
import { documentOf, httpRequest, splitUrl } from './http.ts'

/** One reference of a document, in document order. */
export interface PageReference {
  readonly tag: 'script' | 'link' | 'img' | 'source' | 'video' | 'audio' | 'track' | 'embed' | 'object' | 'iframe' | 'frame' | 'form' | 'button' | 'input'
  readonly attribute: 'src' | 'srcset' | 'href' | 'data' | 'poster' | 'action' | 'formaction'
  /** As written, character references resolved. */
  readonly raw: string
  /** Absolute, resolved against the document's base; absent for what is no URL. */
  readonly url?: string
  /** Tokens of `rel`, lower case; empty elsewhere than on link. */
  readonly rel: readonly string[]
  readonly integrity?: string
  /** Present without a value: the empty string, which means anonymous. */
  readonly crossorigin?: string
  readonly nonce?: string
  /** The `type` attribute, lower case. */
  readonly type?: string
}

export interface Page {
  /** The last hop: what the host shows at its path. */
  readonly document: HttpObservation
  readonly html: boolean
  /** Against which references are resolved: the document's URL, or its first usable `base href`. */
  readonly base: string
  /** At most 1000; empty where the document is no HTML. */
  readonly references: readonly PageReference[]
  /** Texts of scripts that stand in the document itself, each at most 64 KiB. */
  readonly inlineScripts: readonly { readonly text: string; readonly nonce?: string; readonly type?: string }[]
  /** `http-equiv` or `name` of each meta element, lower case, with its content. */
  readonly metas: readonly { readonly httpEquiv?: string; readonly name?: string; readonly content: string }[]
  /** Document or list of references is longer than what was read. */
  readonly cut: boolean
}

const MOST_REFERENCES = 1000
const SOURCES: Readonly<Record<string, readonly PageReference['attribute'][]>> = {
  script: ['src'],
  link: ['href'],
  img: ['src', 'srcset'],
  source: ['src', 'srcset'],
  video: ['src', 'poster'],
  audio: ['src'],
  track: ['src'],
  embed: ['src'],
  object: ['data'],
  iframe: ['src'],
  frame: ['src'],
  form: ['action'],
  button: ['formaction'],
  input: ['src', 'formaction'],
}

/** The URLs of a srcset, without their descriptors (HTML §4.8.4.2.1, as far as candidates go). */
const candidates = (srcset: string): readonly string[] =>
  srcset
    .slice(0, 16_384)
    .split(/,\s+|,$|(?<=\s[\d.]+[wx])\s*,/)
    .map((one) => one.trim().split(/\s+/, 1)[0] ?? '')
    .filter((one) => one !== '')

const resolve = (raw: string, base: string): string | undefined => {
  try {
    return new URL(raw.trim(), base).href
  } catch {
    return undefined
  }
}

/** Reads the references out of a document. Never throws. */
export function readPage(document: HttpObservation): Page {
  const html = isHtml(document)
  if (!html) return { document, html, base: document.url, references: [], inlineScripts: [], metas: [], cut: document.truncated }
  const { tags, cut } = readStartTags(bodyText(document))
  const declared = tags.find(({ name, attributes }) => name === 'base' && attributes.has('href'))?.attributes.get('href')
  const resolved = declared === undefined ? undefined : resolve(declared, document.url)
  const base = resolved !== undefined && /^https?:/.test(resolved) ? resolved : document.url
  const references: PageReference[] = []
  const inlineScripts: { text: string; nonce?: string; type?: string }[] = []
  const metas: { httpEquiv?: string; name?: string; content: string }[] = []
  for (const { name, attributes, text } of tags) {
    const nonce = attributes.get('nonce')
    const type = attributes.get('type')?.trim().toLowerCase()
    if (name === 'meta') {
      const httpEquiv = attributes.get('http-equiv')?.trim().toLowerCase()
      const named = attributes.get('name')?.trim().toLowerCase()
      const content = attributes.get('content')
      if (content !== undefined && (httpEquiv !== undefined || named !== undefined))
        metas.push({ ...(httpEquiv === undefined ? {} : { httpEquiv }), ...(named === undefined ? {} : { name: named }), content })
      continue
    }
    if (name === 'script' && !attributes.has('src')) {
      inlineScripts.push({ text: text ?? '', ...(nonce === undefined ? {} : { nonce }), ...(type === undefined ? {} : { type }) })
      continue
    }
    if (!Object.hasOwn(SOURCES, name)) continue
    const integrity = attributes.get('integrity')
    const crossorigin = attributes.get('crossorigin')?.trim().toLowerCase()
    for (const attribute of SOURCES[name] ?? []) {
      const value = attributes.get(attribute)
      if (value === undefined) continue
      for (const raw of attribute === 'srcset' ? candidates(value) : [value.trim()]) {
        const url = resolve(raw, base)
        references.push({
          tag: name as PageReference['tag'],
          attribute,
          raw,
          ...(url === undefined ? {} : { url }),
          rel: name === 'link' ? (attributes.get('rel') ?? '').toLowerCase().split(/\s+/).filter(Boolean) : [],
          ...(integrity === undefined ? {} : { integrity }),
          ...(crossorigin === undefined ? {} : { crossorigin }),
          ...(nonce === undefined ? {} : { nonce }),
          ...(type === undefined ? {} : { type }),
        })
      }
    }
    if (references.length > MOST_REFERENCES) return { document, html, base, references: references.slice(0, MOST_REFERENCES), inlineScripts, metas, cut: true }
  }
  return { document, html, base, references, inlineScripts, metas, cut: cut || document.truncated }
}

/**
 * The document of a host (redirects followed within the host) with what it refers to. Costs nothing beyond the document.
 * @throws ProbeError what the document's request failed with; `UNFOLLOWABLE` where the chain of redirects broke off before a document
 */
export function pageOf(host: Host): Probe<Page> {
  const chain = documentOf(host)
  return {
    kind: 'pageOf',
    key: `pageOf https://${host.fqdn}${host.path}`,
    impact: 'read',
    cost: { connections: 0, requests: 0 },
    host: host.fqdn,
    async run(context): Promise<Page> {
      const seen = await context.observe(chain)
      if (!seen.ok) throw new ProbeError(seen.failure)
      const document = seen.value.hops.at(-1)
      if (document === undefined) throw new ProbeError({ code: 'EOF', message: `${host.fqdn} answered nothing`, phase: 'response' })
      if (seen.value.end === 'failed') throw new ProbeError({ code: 'UNFOLLOWABLE', message: seen.value.reason ?? 'a later hop failed', phase: 'response' })
      return readPage(document)
    },
  }
}

export interface Asset {
  readonly url: string
  /** The element that names it; absent where the target declares it. */
  readonly reference?: PageReference
  readonly seen: Observed<HttpObservation>
}
export interface Assets {
  readonly page: Page
  readonly assets: readonly Asset[]
  /** How many of the deployment's own the document names in all; only the first of each kind are looked at. */
  readonly found: number
}

/** At most so many assets are looked at: two scripts, two styles, two images or icons, two of anything else. */
const MOST_PER_KIND = 2
const LINKED: ReadonlySet<string> = new Set(['stylesheet', 'icon', 'modulepreload', 'preload', 'prefetch', 'manifest', 'apple-touch-icon', 'mask-icon'])
const kindOf = (reference: PageReference): string | undefined => {
  if (reference.tag === 'script') return 'script'
  if (reference.tag === 'img' || reference.tag === 'source') return 'image'
  if (reference.tag !== 'link') return undefined
  const rel = reference.rel.find((one) => LINKED.has(one))
  if (rel === undefined) return undefined
  return rel === 'stylesheet' ? 'style' : rel.endsWith('icon') ? 'image' : rel === 'modulepreload' ? 'script' : rel
}

/** Assets of a document that hosts of the target serve over https, each once, at most two of a kind, in document order. */
export function ownAssets(page: Page, hosts: readonly Pick<Host, 'fqdn'>[]): { readonly chosen: readonly PageReference[]; readonly found: number } {
  const own = new Set(hosts.map((host) => host.fqdn))
  const urls = new Set<string>()
  const counts = new Map<string, number>()
  const chosen: PageReference[] = []
  for (const reference of page.references) {
    const kind = kindOf(reference)
    const parts = reference.url === undefined ? undefined : splitUrl(reference.url)
    if (kind === undefined || parts === undefined || parts.scheme !== 'https' || !own.has(parts.host)) continue
    const url = (reference.url as string).replace(/#.*$/s, '')
    if (urls.has(url)) continue
    urls.add(url)
    const count = counts.get(kind) ?? 0
    counts.set(kind, count + 1)
    if (count < MOST_PER_KIND) chosen.push({ ...reference, url })
  }
  return { chosen, found: urls.size }
}

/** GET of an asset, as every question about it asks it: no coding offered unless said. One look per URL and variant. */
export const assetLook = (url: string, headers?: RawHeaders): Probe<HttpObservation> => {
  const parts = splitUrl(url)
  if (parts === undefined) throw new TypeError(`${JSON.stringify(url)} is no http(s) URL`)
  return httpRequest({ ...parts, ...(headers === undefined ? {} : { headers }) })
}

/** Looks at each of some URLs. */
const lookAll = (context: ProbeContext, urls: readonly string[], headers?: RawHeaders): Promise<readonly Observed<HttpObservation>[]> =>
  Promise.all(urls.map((url) => context.observe(assetLook(url, headers))))

/**
 * The document and its own assets: those the target declares (`assets` of the host), or else those the document names, on hosts of the target
 * only, at most eight. A failed asset is an observation of its own.
 * @throws ProbeError of {@link pageOf}
 */
export function firstPartyAssets(host: Host): Probe<Assets> {
  const declared = host.declared.assets
  return {
    kind: 'firstPartyAssets',
    key: `firstPartyAssets https://${host.fqdn}${host.path}`,
    impact: 'read',
    cost: { connections: 0, requests: declared?.length ?? 4 * MOST_PER_KIND },
    host: host.fqdn,
    timeoutMs: 120_000,
    async run(context): Promise<Assets> {
      const seen = await context.observe(pageOf(host))
      if (!seen.ok) throw new ProbeError(seen.failure)
      const page = seen.value
      const { chosen, found } = ownAssets(page, context.target.hosts)
      const urls = declared === undefined ? chosen.map((one) => one.url as string) : [...new Set(declared.map((path) => `https://${host.fqdn}${path}`))]
      const looks = await lookAll(context, urls)
      return {
        page,
        found: declared === undefined ? found : urls.length,
        assets: urls.map((url, index) => {
          const reference = page.references.find((one) => one.url?.replace(/#.*$/s, '') === url)
          return { url, ...(reference === undefined ? {} : { reference }), seen: looks[index] as Observed<HttpObservation> }
        }),
      }
    },
  }
}
