/** Runs a backup script twice in a place of the drill's own, the second time so that it must fail, and hears what it tells. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Lease, sweep } from '../drill/lease.ts'
import { openWorkshop } from '../drill/workshop.ts'
import { type Probe, ProbeError } from '../probe.ts'
import type { BackupEntry } from '../target.ts'
import type { NotificationsFile } from '../target/notifications.ts'

export interface Told {
  /** Absent: it could not be started, or was ended. */
  readonly exit?: number
  readonly received: string
  /** One per request, by what it said; the words themselves are not kept. */
  readonly messages: readonly string[]
}
export interface Notifications {
  readonly success: Told
  readonly failure: Told
}

const MOST_BYTES = 64 * 1024
/** What is told last may be on its way when the script ends. */
const LINGER_MS = 50

async function runOnce(given: NotificationsFile, base: string, failing: boolean, signal: AbortSignal): Promise<Told> {
  const lease = await Lease.take()
  const messages: string[] = []
  const server = createServer((request, response) => {
    const hash = createHash('sha256').update(`${request.method ?? ''} ${request.url ?? ''}\n`)
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      if (bytes < MOST_BYTES) hash.update(chunk)
      bytes += chunk.length
    })
    request.once('end', () => {
      messages.push(hash.digest('hex').slice(0, 16))
      response.end('ok\n')
    })
  })
  try {
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const notify = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const filled = (text: string): string => text.replaceAll('{notify}', notify)
    const env = { NOTIFY_URL: notify, ...given.env, ...(failing ? given.failing : {}) }
    const timeoutMs = (given.timeoutSeconds ?? 60) * 1000
    const { place } = await openWorkshop({
      lease,
      from: given.folder === undefined ? undefined : resolve(base, given.folder),
      env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, filled(value)])),
      signal,
      deadlineSeconds: timeoutMs / 1000 + 60,
    })
    const ran = await place.run(given.run.map(filled), timeoutMs)
    await wait(LINGER_MS)
    return { ...(ran.exit === undefined ? {} : { exit: ran.exit }), received: ran.received, messages: [...messages] }
  } finally {
    server.closeAllConnections()
    server.close()
    await lease.end()
  }
}

export function backupNotifications(entry: BackupEntry, given: NotificationsFile): Probe<Notifications> {
  return {
    kind: 'backupNotifications',
    key: `backupNotifications ${entry.id} ${createHash('sha256').update(JSON.stringify(given)).digest('hex').slice(0, 12)}`,
    impact: 'drill',
    cost: { connections: 0, requests: 0 },
    timeoutMs: (given.timeoutSeconds ?? 60) * 2000 + 30_000,
    run: async ({ target, signal }) => {
      await sweep()
      try {
        const base = target.folder ?? '.'
        return { success: await runOnce(given, base, false, signal), failure: await runOnce(given, base, true, signal) }
      } catch (error) {
        if (signal.aborted) throw signal.reason
        const { code, message } = error as NodeJS.ErrnoException
        throw new ProbeError({ code: code ?? 'NO_ENGINE', message: `the script could not be rehearsed: ${message}`, phase: 'request' }, { cause: error })
      }
    },
  }
}
