/** What only a restart would read goes while the server runs, and the server neither notices nor stops to take what is written. */
import { expect, test } from 'vitest'
import { findPrograms, startNative } from './engines/native.ts'
import { Lease } from './lease.ts'
import { dropLog } from './postgres.ts'

test.runIf(findPrograms('native') !== undefined)('the log behind the server is removed, and it goes on', { timeout: 60_000 }, async () => {
  const signal = AbortSignal.timeout(60_000)
  const lease = await Lease.take()
  const place = await startNative(lease, { kind: 'native', deadlineSeconds: 120, signal, label: 'log' })
  try {
    const ask = async (sql: string): Promise<string> => (await place.sh('psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"', [sql])).stdout.trim()
    const segments = async (): Promise<number> => Number(await ask('select count(*) from pg_ls_waldir()'))
    await ask('create table t as select generate_series(1, 200000) as a, 1::bigint as b')
    expect(await segments()).toBeGreaterThan(2)
    await dropLog(place, signal)
    expect(await segments()).toBe(1)
    // Also what would remove or use it again.
    expect(await ask('insert into t select generate_series(1, 100000), 2')).toBe('')
    expect((await place.sh('psql -X -q -c checkpoint')).exit).toBe(0)
    expect(await ask('select count(*), sum(b) from t')).toBe('300000|400000')
  } finally {
    await place.stop()
    expect(await lease.end()).toStrictEqual([])
  }
})
