/** Wall time, processor time and peak memory of a command, and how ratios are printed. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Measured {
  readonly wallMs: number
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

export async function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly timeoutMs?: number } = {},
): Promise<Measured> {
  const start = performance.now()
  const child = spawn(command, args, { cwd: options.cwd, env: options.env ?? process.env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    if (stdout.length < 10_000_000) stdout += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    if (stderr.length < 1_000_000) stderr += chunk.toString()
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 300_000)
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve))
  clearTimeout(timer)
  return { wallMs: performance.now() - start, exitCode, stdout, stderr }
}

/** As {@link run}, with what GNU time says of it: processor time of all its threads, and peak memory. */
export async function runTimed(
  command: string,
  args: readonly string[],
  options: { readonly timeoutMs?: number } = {},
): Promise<Measured & { readonly cpuMs: number; readonly peakMb: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'postproof-time-'))
  const file = join(folder, 'time')
  try {
    const done = await run('/usr/bin/time', ['-f', '%U %S %M', '-o', file, command, ...args], options)
    const [user = 0, system = 0, kilobytes = 0] = ((await readFile(file, 'utf8')).trim().split('\n').at(-1) ?? '').split(' ').map(Number)
    return { ...done, cpuMs: (user + system) * 1000, peakMb: kilobytes / 1024 }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

/** One line per figure: name, milliseconds, ratio to the first. */
export function table(rows: readonly (readonly [name: string, milliseconds: number])[]): string {
  const base = rows[0]?.[1] ?? Number.NaN
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows
    .map(([name, milliseconds]) => `${name.padEnd(width)}  ${milliseconds.toFixed(0).padStart(8)} ms  ${(milliseconds / base).toFixed(3).padStart(8)} ×`)
    .join('\n')
}
