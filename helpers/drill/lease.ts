/**
 * What a drill makes is written down before it is made: a folder of its own with a lease in it. Whoever starts later removes what a killed drill left:
 * the servers, the containers, the folder with the plain data.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { request as requestTls } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** Carried by every container of a drill, with the run as its value. */
export const LABEL = 'org.postproof.drill'
/** Seconds since 1970 at which a container has ended itself. */
export const UNTIL_LABEL = 'org.postproof.drill.until'
/** In the environment of every program that a drill starts and does not know further, with the folder of the run as its value. */
export const MARK = 'POSTPROOF_DRILL'

interface LeaseFile {
  readonly pid: number
  /** When that process began, by the kernel: a number is given to another process one day. */
  readonly began: string
  readonly startedAt: string
  /** The Docker in which containers were made. */
  readonly docker?: DockerAddress
}

/** Where a Docker listens: a socket of this machine, or a port, with the folder of `ca.pem`, `cert.pem` and `key.pem` where it is asked over TLS. */
export type DockerAddress = string | { readonly host: string; readonly port: number; readonly tls?: { readonly certificates?: string } }

/** Folder of all drills of this user. */
const rootFolder = (): string => join(tmpdir(), `postproof-drills-${process.getuid?.() ?? 'user'}`)

/** Start time of a process in clock ticks (proc(5), field 22); empty where the system has no /proc or the process is gone. */
function beganAt(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
function alive({ pid, began }: Pick<LeaseFile, 'pid' | 'began'>): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return began === '' || beganAt(pid) === began
}

/** It has not ended; nobody may have collected it yet when it has. */
const runs = (pid: number): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat[stat.lastIndexOf(')') + 2] !== 'Z'
  } catch {
    return false
  }
}
/** Processes that have this folder in their command line, in their environment, or as their own: what was started in it. */
async function processesIn(folder: string): Promise<readonly number[]> {
  const unread = (read: () => string): string => {
    try {
      return read()
    } catch {
      return ''
    }
  }
  const found: number[] = []
  for (const name of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue
    // The kernel answers at once: turns of the loop would take many times as long.
    const mine =
      unread(() => readFileSync(`/proc/${name}/cmdline`, 'latin1')).includes(`${folder}/`) ||
      unread(() => readFileSync(`/proc/${name}/environ`, 'latin1')).includes(`${MARK}=${folder}/`) ||
      unread(() => readlinkSync(`/proc/${name}/cwd`)).startsWith(`${folder}/`)
    if (mine) found.push(Number(name))
  }
  return found
}

/** One question to a Docker; what is gone, or is going already, is no error. @throws Error with the code of the system, or with what Docker said */
async function docker(at: DockerAddress, method: 'GET' | 'DELETE', path: string): Promise<string> {
  const folder = typeof at === 'string' ? undefined : at.tls?.certificates
  const [ca, cert, key] = folder === undefined ? [] : await Promise.all(['ca.pem', 'cert.pem', 'key.pem'].map((name) => readFile(join(folder, name))))
  const where =
    typeof at === 'string' ? { socketPath: at } : { host: at.host, port: at.port, ...(ca === undefined ? {} : { ca, cert, key, rejectUnauthorized: true }) }
  const ask = typeof at !== 'string' && at.tls !== undefined ? requestTls : request
  return await new Promise((resolve, reject) => {
    const asked = ask({ ...where, method, path, timeout: 20_000, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => (text += chunk))
      answer.once('error', reject)
      answer.once('end', () =>
        (answer.statusCode ?? 500) < 300 || answer.statusCode === 404 || answer.statusCode === 409
          ? resolve(text)
          : reject(new Error(`Docker answered ${answer.statusCode}`)),
      )
    })
    asked.once('timeout', () => asked.destroy(new Error('Docker does not answer')))
    asked.once('error', reject)
    asked.end()
  })
}

interface Listed {
  readonly Id: string
  readonly Labels?: Readonly<Record<string, string>>
}
async function containersOf(at: DockerAddress, label: string): Promise<readonly Listed[]> {
  const filter = encodeURIComponent(JSON.stringify({ label: [label] }))
  return JSON.parse(await docker(at, 'GET', `/containers/json?all=1&filters=${filter}`)) as readonly Listed[]
}
/** A machine that shares a Docker with others may lose its leases with itself: what has ended itself long ago is nobody's. */
const FORGOTTEN_SECONDS = 3600
async function removeForgotten(at: DockerAddress): Promise<readonly string[]> {
  const removed: string[] = []
  for (const { Id: id, Labels: labels = {} } of await containersOf(at, LABEL)) {
    const until = Number(labels[UNTIL_LABEL] ?? Number.NaN)
    if (!(until + FORGOTTEN_SECONDS < Date.now() / 1000)) continue
    await docker(at, 'DELETE', `/containers/${id}?force=1&v=1`)
    removed.push(`container ${id.slice(0, 12)} of a drill of another machine`)
  }
  return removed
}

/** Ends the servers of a folder, removes its containers and the folder itself. @returns what could not be removed */
async function removeAll(folder: string, runId: string, at: DockerAddress | undefined): Promise<readonly string[]> {
  const left: string[] = []
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    const servers = await processesIn(folder)
    if (servers.length === 0) break
    for (const pid of servers) {
      try {
        process.kill(pid, signal)
      } catch {
        // It ended by itself meanwhile.
      }
    }
    for (let turn = 0; turn < 40 && servers.some(runs); turn += 1) await wait(25)
  }
  for (const pid of await processesIn(folder)) left.push(`process ${pid}`)
  let keepLease = false
  if (at !== undefined) {
    try {
      const list = async (): Promise<readonly string[]> => (await containersOf(at, `${LABEL}=${runId}`)).map(({ Id }) => Id)
      // Whoever shares the network of another was made after it, and Docker lists the newest first.
      for (const id of await list()) await docker(at, 'DELETE', `/containers/${id}?force=1&v=1`)
      for (let turn = 0; turn < 100 && (await list()).length > 0; turn += 1) await wait(100)
      for (const id of await list()) left.push(`container ${id.slice(0, 12)}`)
    } catch (error) {
      left.push(`containers of ${runId} (Docker: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}), remembered in ${folder}`)
    }
    keepLease = left.length > 0
  }
  try {
    // While a container is left, the lease by which a later drill finds it stays; nothing else does.
    if (keepLease)
      for (const name of (await readdir(folder)).filter((one) => one !== 'lease.json'))
        await rm(join(folder, name), { recursive: true, force: true, maxRetries: 3 })
    else await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  } catch {
    // Said below.
  }
  if (existsSync(folder) && !keepLease) left.push(folder)
  return left
}

export class Lease {
  readonly runId: string
  /** Private to this run; everything that it writes is below. */
  readonly folder: string
  readonly made: string[] = []
  /** What earlier drills of other machines had left in the same Docker. */
  readonly swept: string[] = []
  #docker: DockerAddress | undefined
  #removed: Promise<readonly string[]> | undefined
  private constructor(runId: string) {
    this.runId = runId
    this.folder = join(rootFolder(), runId)
  }

  static async take(): Promise<Lease> {
    const lease = new Lease(`${Date.now().toString(36)}-${randomBytes(6).toString('hex')}`)
    await mkdir(rootFolder(), { recursive: true, mode: 0o711 })
    await mkdir(lease.folder, { mode: 0o700 })
    // The server runs as another user, who must reach its own folder in here and may list nothing.
    await chmod(lease.folder, 0o711)
    await lease.#write()
    lease.made.push('work folder')
    return lease
  }

  async #write(): Promise<void> {
    const file: LeaseFile = {
      pid: process.pid,
      began: beganAt(process.pid),
      startedAt: new Date().toISOString(),
      ...(this.#docker === undefined ? {} : { docker: this.#docker }),
    }
    const path = join(this.folder, 'lease.json')
    await writeFile(`${path}.new`, JSON.stringify(file), { mode: 0o600 })
    await rename(`${path}.new`, path)
  }

  /** Before the first container is made. */
  async containers(at: DockerAddress): Promise<void> {
    const first = this.#docker === undefined
    this.#docker = at
    await this.#write()
    if (first && typeof at !== 'string') this.swept.push(...(await removeForgotten(at)))
  }

  /** A private folder within. */
  async makeFolder(name: string): Promise<string> {
    const path = join(this.folder, name)
    await mkdir(path, { recursive: true, mode: 0o700 })
    return path
  }

  /** Removes everything, once. @returns what is still there */
  end(): Promise<readonly string[]> {
    return (this.#removed ??= removeAll(this.folder, this.runId, this.#docker))
  }
}

/** Removes what drills left whose process is dead. @returns one line each */
export async function sweep(): Promise<readonly string[]> {
  const swept: string[] = []
  for (const name of await readdir(rootFolder()).catch(() => [])) {
    const folder = join(rootFolder(), name)
    const text = await readFile(join(folder, 'lease.json'), 'utf8').catch(() => undefined)
    let lease: LeaseFile | undefined
    try {
      lease = text === undefined ? undefined : (JSON.parse(text) as LeaseFile)
    } catch {
      lease = undefined
    }
    // A folder without a lease is one whose making was cut off, or that is being made this very moment.
    if (lease === undefined) {
      const made = Number.parseInt(name.split('-')[0] ?? '', 36)
      if (!(Date.now() - made > 60_000)) continue
    } else if (alive(lease)) continue
    const left = await removeAll(folder, name, lease?.docker)
    swept.push(left.length === 0 ? `drill ${name} of ${lease?.startedAt ?? 'unknown time'}` : `drill ${name}: still there: ${left.join(', ')}`)
  }
  return swept
}
