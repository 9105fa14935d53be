/** The command as a user runs it: a process of its own. For tests. */
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import type { TargetInput } from '../../helpers/target.ts'

export const PROJECT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

export interface Ended {
  /** null when it was killed. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  readonly durationMs: number
}

export interface HowToRun {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Called with everything printed so far, after each piece; a signal it returns is sent, once each time it returns one. */
  readonly signal?: (stdout: string, stderr: string) => NodeJS.Signals | undefined
  /** Stop reading standard output after its first piece, as `| head -1` does. */
  readonly leave?: boolean
  /** @default 60,000 ms, then it is killed and the status is null */
  readonly timeoutMs?: number
}

export function postproof(args: readonly string[], how: HowToRun = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const { NO_COLOR: _no, FORCE_COLOR: _force, CI: _ci, ...environment } = process.env
    const child = spawn(process.execPath, [join(PROJECT, 'cli/main.ts'), ...args], {
      cwd: how.cwd ?? PROJECT,
      env: { ...environment, ...how.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const deadline = setTimeout(() => child.kill('SIGKILL'), how.timeoutMs ?? 60_000)
    let stdout = ''
    let stderr = ''
    const heard = (): void => {
      const signal = how.signal?.(stdout, stderr)
      if (signal !== undefined) child.kill(signal)
    }
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      stdout += piece
      if (how.leave === true) child.stdout.destroy()
      heard()
    })
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      stderr += piece
      heard()
    })
    child.once('error', reject)
    child.once('close', (status) => {
      clearTimeout(deadline)
      resolve({ status, stdout, stderr, durationMs: performance.now() - started })
    })
  })
}

export const yaml = (target: TargetInput | Readonly<Record<string, unknown>>): string => stringify(target)
