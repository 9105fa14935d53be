/** From what the user typed (a file or a bare domain) to a Target, or to every problem at once. Sends nothing. */
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import { basename, dirname, extname, isAbsolute, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { normaliseTarget, type Target, type TargetInput } from '../target.ts'
import { type Locate, pathText, type Problem, problemsOf, readYaml } from './problems.ts'
import { targetSchema, type TargetFile } from './schema.ts'

export type Loaded =
  | { readonly ok: true; readonly target: Target; readonly secrets: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly problems: readonly Problem[] }

const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const wrong = (file: string, message: string, hint?: string): Loaded => ({
  ok: false,
  problems: [{ file, line: 0, column: 0, path: '', message, ...(hint === undefined ? {} : { hint }) }],
})

/** A name without a path that looks like a domain and is no file. */
const looksLikeDomain = (text: string): boolean => targetSchema.shape.domain.safeParse(text).success && !/\.(?:ya?ml|ts|mts|js|mjs|json)$/i.test(text)

/** What was meant by something that is neither a file nor a domain. */
function whatInstead(given: string): string {
  const url = /^https?:\/\/([^/:?#]+)/i.exec(given)?.[1]
  if (url !== undefined && looksLikeDomain(url)) return `give the domain alone: ${url}`
  if (isIP(url ?? given) !== 0 || (url ?? given) === 'localhost')
    return 'names are judged, not addresses: write a target file with `domain` and `network: { addresses: { "*.example.com": 127.0.0.1 } }`'
  return 'give a target file (.yaml, .ts) or a domain such as example.com'
}

/**
 * @param given path of a YAML or TypeScript target, or a bare domain
 * @param environment where `env:` references are looked up
 */
export async function loadTarget(given: string, environment: Readonly<Record<string, string | undefined>> = process.env): Promise<Loaded> {
  const path = resolve(given)
  const found = await stat(path).catch((error: unknown) => error as NodeJS.ErrnoException)
  if (found instanceof Error) {
    if (looksLikeDomain(given)) return bareDomain(given)
    const code = found.code
    return wrong(given, code === 'ENOENT' ? 'there is no such file' : `it cannot be read: ${code ?? found.message}`, whatInstead(given))
  }
  if (found.isDirectory()) return wrong(given, 'this is a folder', 'give the target file in it')
  if (found.size > 4 * 1024 * 1024) return wrong(given, `this is no target file: ${found.size} bytes`, 'at most 4 MiB')
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (error) {
    return wrong(given, `it cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`)
  }
  switch (extname(path).toLowerCase()) {
    case '.ts':
    case '.mts':
    case '.js':
    case '.mjs':
      return await fromModule(given, path, bytes, environment)
    case '.yaml':
    case '.yml':
    case '.json': {
      let source: string
      try {
        source = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
      } catch {
        return wrong(given, 'it is not UTF-8 text')
      }
      const { problems, target, locate } = readYaml(source, given)
      return target === undefined
        ? { ok: false, problems }
        : await complete(target, { file: given, folder: dirname(path), sha256: sha256(bytes), ...(locate === undefined ? {} : { locate }) }, environment)
    }
    default:
      return wrong(given, `${basename(path)} has no ending that says how to read it`, '.yaml, .yml, .json, .ts or .js')
  }
}

async function fromModule(given: string, path: string, bytes: Buffer, environment: Readonly<Record<string, string | undefined>>): Promise<Loaded> {
  let value: unknown
  let timer: NodeJS.Timeout | undefined
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('its import did not finish within 10 s')), 10_000)
    })
    value = ((await Promise.race([import(pathToFileURL(path).href), late])) as { default?: unknown }).default
  } catch (error) {
    return wrong(given, `it cannot be imported: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    clearTimeout(timer)
  }
  if (typeof value !== 'object' || value === null) return wrong(given, 'it has no default export', 'export default defineTarget({ domain: … })')
  const { problems, target } = problemsOf(value, given, () => ({ line: 0, column: 0 }))
  return target === undefined ? { ok: false, problems } : await complete(target, { file: given, folder: dirname(path), sha256: sha256(bytes) }, environment)
}

/** `verify example.com`: apex and www to begin with; what DNS and the certificate name besides is found by the run (helpers/find-hosts.ts). */
function bareDomain(domain: string): Loaded {
  const file = targetSchema.parse({ domain: domain.toLowerCase(), hosts: { '@': {}, www: {} } } satisfies TargetInput)
  return { ok: true, target: normaliseTarget(file, { sha256: sha256(JSON.stringify(file)), discovered: true }), secrets: new Map() }
}

async function complete(
  file: TargetFile,
  source: { readonly file: string; readonly folder: string; readonly sha256: string; readonly locate?: Locate },
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Loaded> {
  const problems: Problem[] = []
  const problem = (path: readonly (string | number)[], message: string, hint?: string): void => {
    const place: ReturnType<Locate> = source.locate?.(path) ?? { line: 0, column: 0 }
    problems.push({
      file: source.file,
      line: place.line,
      column: place.column,
      path: pathText(path),
      message,
      ...(place.found === undefined ? {} : { found: place.found }),
      ...(hint === undefined ? {} : { hint }),
    })
  }
  const below = (path: string): string => (isAbsolute(path) ? path : join(source.folder, path))
  const trust: string[] = []
  for (const [index, path] of (file.network?.trust ?? []).entries()) {
    const pem = await readFile(below(path), 'utf8').catch((error: unknown) => error as NodeJS.ErrnoException)
    if (pem instanceof Error)
      problem(['network', 'trust', index], `${path} cannot be read: ${pem.code ?? pem.message}`, 'a PEM file, relative to the target file')
    else if (!pem.includes('-----BEGIN CERTIFICATE-----'))
      problem(['network', 'trust', index], `${path} holds no PEM certificate`, 'a file with -----BEGIN CERTIFICATE-----, such as openssl x509 writes')
    else trust.push(pem)
  }
  const secrets = new Map<string, string>()
  for (const [name, reference] of Object.entries(file.secrets ?? {})) {
    if (reference.startsWith('env:')) {
      const value = environment[reference.slice(4)]
      if (value === undefined || value === '')
        problem(['secrets', name], `the environment has no ${reference.slice(4)}`, `set ${reference.slice(4)}, or use file:/path`)
      else secrets.set(name, value)
    } else {
      const path = reference.slice(5)
      const value = await readFile(below(path), 'utf8').catch((error: unknown) => error as NodeJS.ErrnoException)
      if (value instanceof Error)
        problem(['secrets', name], `${path} cannot be read: ${value.code ?? value.message}`, 'a file that this user may read, relative to the target file')
      else if (value.trim() === '') problem(['secrets', name], `${path} is empty`, 'put the secret into it, or use env:NAME')
      else secrets.set(name, value.replace(/\r?\n$/, ''))
    }
  }
  if (problems.length > 0) return { ok: false, problems }
  return { ok: true, target: normaliseTarget(file, { trust, secrets, folder: source.folder, sha256: source.sha256 }), secrets }
}
