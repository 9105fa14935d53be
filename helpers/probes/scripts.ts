/** What stands behind a document: all of its own scripts with their source maps, the folders its assets lie in, and a step out of such a folder. Facts only. */
import { bodyText, headerValue } from '../headers.ts'
import type { HttpObservation } from '../observations.ts'
import { type Observed, type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import type { Host } from '../target.ts'
import { httpRequest, splitUrl } from './http.ts'
import { assetLook, type Page, pageOf, type PageReference } from './page.ts'
import { type Sweep, sweepPaths } from './sweep.ts'

/** Frameworks split what a page needs into dozens of chunks. */
const MOST_SCRIPTS = 48
/** Bundles of dashboards and editors hold several megabytes; where a map is stands at their end. */
const MOST_SCRIPT_BYTES = 8 * 1024 * 1024
const MOST_MAP_BYTES = 1024 * 1024

export interface OwnScript {
  readonly url: string
  readonly seen: Observed<HttpObservation>
  /** Where its map is said to be, or where tools put it: the URL, or `data:` for a map inside the script. Undefined where the script has not been read. */
  readonly map?: { readonly url: string; readonly named: boolean; readonly seen?: Observed<HttpObservation>; readonly inline?: string }
}
interface OwnScripts {
  readonly page: Page
  readonly scripts: readonly OwnScript[]
  /** The document names more of its own scripts than were read. */
  readonly cut: boolean
}

const isScript = (reference: PageReference): boolean =>
  (reference.tag === 'script' && (reference.type === undefined || reference.type === '' || reference.type === 'module' || /javascript/.test(reference.type))) ||
  (reference.tag === 'link' && reference.rel.includes('modulepreload'))

/** URLs of references on hosts of the target over https, each once, in document order, without fragments. */
function ownUrls(page: Page, hosts: readonly Pick<Host, 'fqdn'>[], keep: (reference: PageReference) => boolean): readonly string[] {
  const own = new Set(hosts.map((host) => host.fqdn))
  const urls = page.references.filter(keep).flatMap((reference) => {
    const parts = reference.url === undefined ? undefined : splitUrl(reference.url)
    return parts !== undefined && parts.scheme === 'https' && own.has(parts.host) ? [(reference.url as string).replace(/#.*$/s, '')] : []
  })
  return [...new Set(urls)]
}

async function pageSeen(context: ProbeContext, host: Host): Promise<Page> {
  const seen = await context.observe(pageOf(host))
  if (!seen.ok) throw new ProbeError(seen.failure)
  return seen.value
}

async function scriptAt(context: ProbeContext, url: string): Promise<Observed<HttpObservation>> {
  const seen = await context.observe(assetLook(url))
  const parts = splitUrl(url)
  if (!seen.ok || !seen.value.truncated || parts === undefined) return seen
  return context.observe(httpRequest({ ...parts, maxBodyBytes: MOST_SCRIPT_BYTES }))
}

async function mapOf(context: ProbeContext, url: string, script: HttpObservation): Promise<NonNullable<OwnScript['map']>> {
  const comments = [
    ...bodyText(script)
      .slice(-4_096)
      .matchAll(/\/[/*][#@]\s*sourceMappingURL=([^\s'"*]+)/g),
  ]
  const whole = /\/\/[#@]\s*sourceMappingURL=(data:application\/json[^\s'"]*)/.exec(bodyText(script))?.[1]
  const said = headerValue(script.headers, 'sourcemap') ?? headerValue(script.headers, 'x-sourcemap') ?? comments.at(-1)?.[1]
  if (whole !== undefined) {
    const data = whole.slice(whole.indexOf(',') + 1)
    return { url: 'data:', named: true, inline: /;base64,/.test(whole) ? Buffer.from(data, 'base64').toString() : data }
  }
  const named = said !== undefined && URL.canParse(said, url)
  const bare = url.replace(/[?].*$/s, '')
  const map = named ? new URL(said, url).href : `${bare}.map`
  const parts = splitUrl(map)
  const own = parts !== undefined && parts.scheme === 'https' && context.target.hosts.some((host) => host.fqdn === parts.host)
  // A map on somebody else's host is not asked for: its name alone gives nothing away.
  return own ? { url: map, named, seen: await context.observe(httpRequest({ ...parts, maxBodyBytes: MOST_MAP_BYTES })) } : { url: map, named }
}

/**
 * The document and every script of its own (hosts of the target, at most 48, 8 MiB each), each with its source map: the one it names, or
 * `<script>.map`. A failed script is an observation of its own.
 * @throws ProbeError of the document
 */
export function ownScripts(host: Host): Probe<OwnScripts> {
  return {
    kind: 'ownScripts',
    key: `ownScripts https://${host.fqdn}${host.path}`,
    impact: 'read',
    cost: { connections: 0, requests: 4 },
    host: host.fqdn,
    timeoutMs: 120_000,
    async run(context): Promise<OwnScripts> {
      const page = await pageSeen(context, host)
      const urls = ownUrls(page, context.target.hosts, isScript)
      const scripts = await Promise.all(
        urls.slice(0, MOST_SCRIPTS).map(async (url): Promise<OwnScript> => {
          const seen = await scriptAt(context, url)
          return seen.ok && seen.value.status === 200 ? { url, seen, map: await mapOf(context, url, seen.value) } : { url, seen }
        }),
      )
      return { page, scripts, cut: page.cut || urls.length > MOST_SCRIPTS }
    },
  }
}

/**
 * Folders of a host: the given ones, and those of at most three assets that its document names on the same host.
 * @throws ProbeError when the host cannot be reached
 */
export function folders(host: Host, given: readonly string[]): Probe<Sweep> {
  return {
    kind: 'folders',
    key: `folders https://${host.fqdn} ${given.join(' ')}`,
    impact: 'read',
    cost: { connections: 0, requests: given.length + 3 },
    host: host.fqdn,
    timeoutMs: 280_000,
    async run(context): Promise<Sweep> {
      const page = await context.observe(pageOf(host))
      const named = (page.ok ? ownUrls(page.value, [host], () => true) : []).flatMap((url) => {
        const path = splitUrl(url)?.path.replace(/\?.*$/s, '') ?? '/'
        const folder = path.slice(0, path.lastIndexOf('/') + 1)
        return folder === '/' || folder === '' ? [] : [folder]
      })
      const paths = [...new Set([...given, ...new Set(named.slice(0, 50))])].slice(0, given.length + 3)
      const seen = await context.observe(
        sweepPaths(
          host.fqdn,
          `folders ${paths.join(' ')}`,
          paths.map((path) => ({ path })),
        ),
      )
      if (!seen.ok) throw new ProbeError(seen.failure)
      return seen.value
    },
  }
}

interface FolderStep {
  /** An asset as its own path gives it. */
  readonly asset: HttpObservation
  /** `/folder../folder/file`: the same file, where the folder is an alias without its slash. */
  readonly step: Observed<HttpObservation>
  /** `/folderxx/folder/file`: what the host answers when no such folder exists. */
  readonly control: Observed<HttpObservation>
}

/**
 * A step out of the folder of the first asset that the document names on its own host; undefined where no asset lies in a folder.
 * @throws ProbeError of the document
 */
export function folderStep(host: Host): Probe<FolderStep | undefined> {
  return {
    kind: 'folderStep',
    key: `folderStep https://${host.fqdn}${host.path}`,
    impact: 'read',
    cost: { connections: 0, requests: 3 },
    host: host.fqdn,
    timeoutMs: 60_000,
    async run(context): Promise<FolderStep | undefined> {
      const page = await pageSeen(context, host)
      for (const url of ownUrls(page, [host], () => true).slice(0, 4)) {
        const parts = /^\/([\w-]+)\/([^?]+)$/.exec(splitUrl(url)?.path ?? '')
        if (parts === null) continue
        const asset = await context.observe(assetLook(url))
        if (!asset.ok || asset.value.status !== 200 || asset.value.body.length === 0) continue
        const [, folder = '', file = ''] = parts
        const ask = (path: string) => context.observe(httpRequest({ scheme: 'https', host: host.fqdn, path }))
        return { asset: asset.value, step: await ask(`/${folder}../${folder}/${file}`), control: await ask(`/${folder}xx/${folder}/${file}`) }
      }
      return undefined
    },
  }
}
