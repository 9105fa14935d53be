/**
 * Containers of a drill, made by testcontainers: of an image that is on this machine, with a label by which they are found again, limits, no network
 * but the one that is shared with them, no capabilities, and an end of their own should nobody stop them. No helper container runs beside them.
 */
import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Duplex, PassThrough, Readable, Writable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import type { ContainerRuntimeClient, ImageName } from 'testcontainers'
import { type DockerAddress, LABEL, type Lease, UNTIL_LABEL } from '../lease.ts'
import { type Copied, tarStream } from './copy.ts'
import { EngineError, type Ran, STDERR_BYTES, STDOUT_BYTES } from './place.ts'

export interface ContainerOptions {
  readonly image: string
  /** Argument list of the first process; absent: what the image starts. */
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly user?: string
  /** `512m`, `2g` */
  readonly memory: string
  readonly cpus?: number
  readonly capabilities?: readonly string[]
  /** Files and folders of this machine that it sees: mounted, or copied into it where Docker is another machine. */
  readonly mounts?: readonly Copied[]
  /** It ends itself then, should nobody be left to stop it. */
  readonly deadlineSeconds: number
  /** Whose network it shares; absent: a network of its own with nothing in it but loopback. */
  readonly beside?: Container
  readonly signal: AbortSignal
}

export interface Container {
  readonly id: string
  readonly image: string
  /** The image is made for another processor than this machine has. */
  readonly foreign: string | undefined
  /** Docker is not this machine, or need not be: what it reads is a copy. */
  readonly remote: boolean
  /** Runs a program in it to its end. */
  run(argv: readonly string[], options?: { readonly user?: string; readonly input?: string; readonly signal?: AbortSignal }): Promise<Ran>
  /** Starts a program in it; its input and its output are the two directions of the stream. */
  open(argv: readonly string[], user?: string): Promise<Duplex>
  /** undefined: it runs; else why not. */
  ended(): Promise<string | undefined>
  /** The last lines that its first process wrote. */
  said(lines: number): Promise<readonly string[]>
  remove(): Promise<void>
}

const UNITS: Readonly<Record<string, number>> = { m: 1024 ** 2, g: 1024 ** 3 }
const bytesOf = (memory: string): number => Number.parseInt(memory, 10) * (UNITS[memory.slice(-1)] ?? 1)
/** One line of what Docker says; the code of the system where it does not answer at all. */
function told(error: unknown): string {
  const { code, json, message } = error as { readonly code?: string; readonly json?: { readonly message?: string }; readonly message?: string }
  return (
    code ??
    (json?.message ?? message ?? String(error))
      .split('\n')[0]
      ?.replace(/^\(HTTP code \d+\) /, '')
      .slice(0, 200) ??
    ''
  )
}
/** Docker itself is gone, and not only the container. */
const GONE = /^(?:ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|EACCES)$|socket hang up/
const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64', armv7l: 'arm', i686: '386' }
const START_MS = 120_000

interface Runtime {
  readonly client: ContainerRuntimeClient
  readonly at: DockerAddress
  /** It is reached over the network, and need not see the files of this machine. */
  readonly remote: boolean
}
/** @throws EngineError where there is no Docker that can be used */
async function findRuntime(): Promise<Runtime> {
  const host = process.env.DOCKER_HOST
  if (host?.startsWith('ssh:') === true)
    throw new EngineError(
      'missing',
      'DOCKER_HOST over ssh:// is not spoken here: forward it (ssh -nNT -L 127.0.0.1:2375:/var/run/docker.sock HOST) and set DOCKER_HOST=tcp://127.0.0.1:2375',
    )
  const remote = /^(?:tcp|https?):/.test(host ?? '')
  if (remote && process.env.DOCKER_TLS_VERIFY === '1' && process.env.DOCKER_CERT_PATH === undefined)
    throw new EngineError('missing', 'DOCKER_TLS_VERIFY is set and DOCKER_CERT_PATH is not: it names the folder of ca.pem, cert.pem and key.pem')
  // Otherwise it may start a container of its own to find out where ports will be, and we publish none.
  process.env.TESTCONTAINERS_HOST_OVERRIDE ??= 'localhost'
  const { getContainerRuntimeClient } = await import('testcontainers')
  let client: ContainerRuntimeClient
  try {
    client = await getContainerRuntimeClient()
  } catch (error) {
    throw new EngineError('missing', `Docker does not answer${host === undefined ? '' : ` at ${host}`}`, { cause: error })
  }
  const modem = client.container.dockerode.modem as {
    readonly socketPath?: string
    readonly host?: string
    readonly port?: string | number
    readonly protocol?: string
  }
  if (remote) {
    const wanted = new URL((host ?? '').replace(/^tcp:/, 'http:'))
    const port = Number(modem.port)
    if (modem.host !== wanted.hostname || (wanted.port !== '' && port !== Number(wanted.port)))
      throw new EngineError('missing', `Docker does not answer at ${wanted.host}`)
    const certificates = process.env.DOCKER_CERT_PATH
    const tls = modem.protocol === 'https' ? { tls: certificates === undefined ? {} : { certificates: resolve(certificates) } } : {}
    return { client, at: { host: wanted.hostname.replace(/^\[|\]$/g, ''), port, ...tls }, remote }
  }
  const { socketPath } = modem
  const declared = host?.replace(/^(?:unix|npipe):\/\//, '')
  if (socketPath === undefined || (declared !== undefined && socketPath !== declared))
    throw new EngineError('missing', `Docker does not answer at ${host ?? 'a socket of this machine'}`)
  return { client, at: socketPath, remote }
}

/** A Docker of this machine may be there; whether it answers is not asked. */
const dockerMayBe = (): boolean =>
  process.env.DOCKER_HOST !== undefined ||
  ['/var/run/docker.sock', `${process.env.XDG_RUNTIME_DIR ?? '/nowhere'}/docker.sock`, `${process.env.HOME ?? '/nowhere'}/.docker/run/docker.sock`].some(
    (path) => existsSync(path),
  )

/** Whether an image is on this machine; undefined: there is no Docker. */
export async function hasImage(image: string): Promise<boolean | undefined> {
  if (!dockerMayBe()) return undefined
  try {
    const { client } = await findRuntime()
    return await client.image.exists(await imageName(image))
  } catch {
    return undefined
  }
}
async function imageName(image: string): Promise<ImageName> {
  const { ImageName: Name } = await import('testcontainers')
  return Name.fromString(image)
}

const kept = (cap: number): Writable & { text(): string } => {
  const parts: Buffer[] = []
  let bytes = 0
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (bytes < cap) parts.push(chunk.subarray(0, cap - bytes))
      bytes += chunk.length
      done()
    },
  })
  return Object.assign(sink, { text: () => Buffer.concat(parts).toString('utf8') })
}
/** Both streams of a log, one after the other as they were written (Docker Engine API, "Stream format"). */
function logText(bytes: Buffer): string {
  let text = ''
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4)
    text += bytes.toString('utf8', at + 8, at + 8 + length)
    at += 8 + length
  }
  return text
}

/** The image is there, or is fetched where that is declared, and there is room for a copy of what is restored. */
export async function prepareImage(image: string, pull: 'never' | 'missing', wanted: number): Promise<void> {
  const { client, remote } = await findRuntime()
  try {
    if (!(await client.image.exists(await imageName(image)))) {
      if (pull === 'never')
        throw new EngineError(
          'missing',
          `the image ${image} is not ${remote ? 'where Docker runs' : 'on this machine'}: pull it first (docker pull), or declare pull: missing`,
        )
      try {
        await client.image.pull(await imageName(image))
      } catch (error) {
        throw new EngineError('missing', `the image ${image} could not be pulled: ${told(error)}`, { cause: error })
      }
    }
    const { DockerRootDir: root } = (await client.container.dockerode.info()) as { readonly DockerRootDir?: string }
    // Where Docker runs in a machine of its own, its folder is not ours to see: a folder of the same name is another.
    const free = root === undefined || remote ? undefined : await statfs(root).catch(() => undefined)
    if (free !== undefined && free.bavail * free.bsize < wanted)
      throw new EngineError(
        'missing',
        `${Math.round((free.bavail * free.bsize) / 1024 ** 2)} MiB are free where Docker keeps containers (${root ?? ''}), and the drill may need ${Math.round(wanted / 1024 ** 2)} MiB`,
      )
  } catch (error) {
    if (error instanceof EngineError) throw error
    throw new EngineError('died', `Docker does not answer: ${told(error)}`, { cause: error })
  }
}

/** What an image starts. */
export async function imageCommand(image: string): Promise<readonly string[]> {
  const { client } = await findRuntime()
  const { Config: config } = await client.container.dockerode.getImage(image).inspect()
  return [config.Entrypoint ?? [], config.Cmd ?? []].flat()
}

/** @throws EngineError where it does not start */
export const startContainer = async (lease: Lease, options: ContainerOptions): Promise<Container> => await begin(lease, options, await findRuntime())

async function begin(lease: Lease, options: ContainerOptions, runtime: Runtime): Promise<Container> {
  const { image, signal } = options
  const { client, at, remote } = runtime
  const { GenericContainer, PullPolicy, StartupCheckStrategy } = await import('testcontainers')
  class Limited extends GenericContainer {
    constructor() {
      super(image)
      this.hostConfig.Memory = bytesOf(options.memory)
      this.hostConfig.PidsLimit = 512
      if (options.cpus !== undefined) this.hostConfig.NanoCpus = Math.ceil(options.cpus * 1e9)
      this.hostConfig.LogConfig = { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '1' } }
      // Unlike the words of a bind, these may hold colons.
      this.hostConfig.Mounts = (remote ? [] : (options.mounts ?? [])).map(({ source, target, writable }) => ({
        Type: 'bind',
        Source: source,
        Target: target,
        ReadOnly: writable !== true,
      }))
    }
  }
  /** Readiness is an answered question of the drill's own; here it only has to have been started. */
  class Started extends StartupCheckStrategy {
    override async checkStartupState(): Promise<'SUCCESS'> {
      return await Promise.resolve('SUCCESS')
    }
  }
  await lease.containers(at)
  signal.throwIfAborted()
  const container = new Limited()
    .withPullPolicy(PullPolicy.neverPull())
    // No container of the library's own that removes others: the lease and its sweep do.
    .withAutoCleanup(false)
    .withAutoRemove(false)
    .withLabels({ [LABEL]: lease.runId, [UNTIL_LABEL]: String(Math.ceil(Date.now() / 1000 + options.deadlineSeconds)) })
    .withNetworkMode(options.beside === undefined ? 'none' : `container:${options.beside.id}`)
    .withDroppedCapabilities('ALL')
    .withAddedCapabilities(...(options.capabilities ?? []))
    .withSecurityOpt('no-new-privileges')
    .withWaitStrategy(new Started())
    .withStartupTimeout(START_MS)
  if (options.command !== undefined) container.withEntrypoint([...options.command]).withCommand([])
  if (options.environment !== undefined) container.withEnvironment({ ...options.environment })
  if (options.user !== undefined) container.withUser(options.user)
  const copies = remote ? (options.mounts ?? []) : []
  if (copies.length > 0) container.withCopyArchivesToContainer([{ tar: Readable.from(tarStream(copies, signal), { objectMode: false }), target: '/' }])
  let id: string
  try {
    id = (await container.start()).getId()
  } catch (error) {
    signal.throwIfAborted()
    const why = told(error)
    // A socket of this machine may lead to another: into a machine of Docker's own, or out of the container that the drill itself runs in.
    if (!remote && /bind source path does not exist/.test(why)) return await begin(lease, options, { ...runtime, remote: true })
    throw new EngineError(GONE.test(why) ? 'died' : 'missing', `the container of ${image} did not start: ${why}`, { cause: error })
  }
  const { dockerode } = client.container
  const one = dockerode.getContainer(id)
  lease.made.push(`container ${id.slice(0, 12)} of ${image}`)
  signal.throwIfAborted()

  const [{ Architecture: made }, { Architecture: here }] = (await Promise.all([dockerode.getImage(image).inspect(), dockerode.info()])) as [
    { readonly Architecture: string },
    { readonly Architecture: string },
  ]
  const processor = ARCHITECTURES[here] ?? here
  const foreign = made === processor || made === '' ? undefined : `the image is for ${made}, and this machine is ${processor}`

  const ended = async (): Promise<string | undefined> => {
    try {
      const { State: state } = await one.inspect()
      if (state.Running) return undefined
      return state.OOMKilled
        ? `it had more than ${options.memory} of memory to itself and was killed`
        : `it ended with ${state.ExitCode}${state.Error === '' ? '' : ` (${state.Error.slice(0, 120)})`}`
    } catch (error) {
      return GONE.test(told(error)) ? `Docker does not answer any more (${told(error)})` : 'it was removed'
    }
  }
  const died = async (error?: unknown): Promise<EngineError> =>
    new EngineError('died', `the container of ${image} ended in the middle: ${(await ended()) ?? told(error)}`, { cause: error })
  const start = async (argv: readonly string[], user: string | undefined, stdin: boolean): Promise<{ readonly stream: Duplex; exit(): Promise<number> }> => {
    try {
      const exec = await one.exec({
        Cmd: [...argv],
        AttachStdin: stdin,
        AttachStdout: true,
        AttachStderr: true,
        ...(user === undefined ? {} : { User: user }),
      })
      const stream = await exec.start({ hijack: true, stdin })
      return {
        stream,
        exit: async () => {
          for (let turn = 0; ; turn += 1) {
            const { ExitCode: code, Running: running } = await exec.inspect()
            if (!running && code !== null) return code
            if (turn > 200) return 255
            await wait(10)
          }
        },
      }
    } catch (error) {
      throw await died(error)
    }
  }
  return {
    id,
    image,
    foreign,
    remote,
    run: async (argv, more = {}) => {
      signal.throwIfAborted()
      const { stream, exit } = await start(argv, more.user, more.input !== undefined)
      const [stdout, stderr] = [kept(STDOUT_BYTES), kept(STDERR_BYTES)]
      const gone = Promise.withResolvers<void>()
      const abort = (): void => {
        gone.reject(signal.aborted ? signal.reason : more.signal?.reason)
        stream.destroy()
      }
      for (const event of ['end', 'close', 'error']) stream.once(event, () => gone.resolve())
      for (const other of [signal, more.signal]) other?.addEventListener('abort', abort, { once: true })
      dockerode.modem.demuxStream(stream, stdout, stderr)
      if (more.input !== undefined) stream.end(more.input)
      try {
        await gone.promise
        const code = await exit()
        // Killed, or never begun: the container itself may be on its way out, which Docker does not say at once.
        if (code === 137 || code === 126 || code === 255)
          for (let turn = 0; turn < 5; turn += 1) {
            if ((await ended()) !== undefined) throw await died()
            await wait(100)
          }
        return { exit: code, stdout: stdout.text(), stderr: stderr.text() }
      } catch (error) {
        if (error instanceof EngineError || signal.aborted || more.signal?.aborted === true) throw error
        throw await died(error)
      } finally {
        for (const other of [signal, more.signal]) other?.removeEventListener('abort', abort)
      }
    },
    open: async (argv, user) => {
      const { stream } = await start(argv, user, true)
      const output = new PassThrough()
      const end = (): void => void output.end()
      dockerode.modem.demuxStream(stream, output, new Writable({ write: (_chunk, _encoding, done) => done() }))
      for (const event of ['end', 'close', 'error']) stream.once(event, end)
      const { Duplex: Both } = await import('node:stream')
      return Both.from({ readable: output, writable: stream })
    },
    ended,
    said: async (lines) => {
      const bytes = (await one.logs({ stdout: true, stderr: true, tail: lines }).catch(() => Buffer.alloc(0))) as unknown as Buffer
      return logText(bytes)
        .split('\n')
        .filter((line) => line.trim() !== '')
        .slice(-lines)
    },
    remove: async () => {
      await one.remove({ force: true, v: true }).catch(() => undefined)
    },
  }
}
