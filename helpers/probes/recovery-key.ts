/** Private keys that lie where the files lie that they open. Only their names are kept. */
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Probe, ProbeError } from '../probe.ts'
import type { BackupEntry } from '../target.ts'
import { bucketAt, costAt, type Place, placeOf, systemError } from './backups.ts'

export interface KeysBeside {
  readonly found: readonly { readonly place: string; readonly name: string }[]
  /** Files that were looked into. */
  readonly looked: number
}

/** Identity files are a few hundred bytes; those of ssh a few thousand. */
const LARGEST = 32 * 1024
const FILES = 500
/** Objects of a bucket are fetched one by one: only names that promise a key. */
const PROMISING = /key|ident|age|secret|\.(?:txt|pem|asc|gpg)$/i
const PRIVATE = /AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{20,}|-----BEGIN (?:PGP PRIVATE KEY BLOCK|OPENSSH PRIVATE KEY|(?:RSA |EC )?PRIVATE KEY)-----/

/** Looks into small files of both places of a backup. */
export function keysBeside(entry: BackupEntry): Probe<KeysBeside> {
  return {
    kind: 'keysBeside',
    key: `keysBeside ${entry.id}`,
    impact: 'read',
    cost: costAt(entry, 20),
    timeoutMs: 60_000,
    run: async (context) => {
      const found: KeysBeside['found'][number][] = []
      let looked = 0
      const see = (place: string, name: string, bytes: Buffer): void => {
        looked += 1
        if (PRIVATE.test(bytes.toString('latin1'))) found.push({ place, name })
      }
      const folder = async (dir: string): Promise<void> => {
        const path = placeOf(dir, context.target)
        const names = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
          throw systemError(error, path)
        })
        for (const one of names.filter((item) => item.isFile()).slice(0, FILES)) {
          const file = await open(join(path, one.name), 'r').catch(() => undefined)
          if (file === undefined) continue
          try {
            if ((await file.stat()).size > LARGEST) continue
            const { buffer, bytesRead } = await file.read(Buffer.alloc(LARGEST), 0, LARGEST, 0)
            see(path, one.name, buffer.subarray(0, bytesRead))
          } finally {
            await file.close()
          }
        }
      }
      const place = async (where: Place): Promise<void> => {
        const at = await bucketAt(context, where)
        if (at === undefined) return await folder(where.dir)
        const small = (await at.bucket.list(at.prefix, context.signal)).filter(
          ({ key, bytes }) => bytes <= LARGEST && PROMISING.test(key.slice(at.prefix.length)),
        )
        for (const { key, bytes, etag } of small.slice(0, 20)) {
          const parts: Buffer[] = []
          for await (const part of at.bucket.read(key, bytes, etag, context.signal)) parts.push(part)
          see(where.dir, key.slice(at.prefix.length), Buffer.concat(parts))
        }
      }
      await place(entry)
      if (entry.offsite !== undefined)
        // A second place that is not there is for backup/offsite-copy to say.
        await place(entry.offsite).catch((error: unknown) => {
          if (!(error instanceof ProbeError)) throw error
        })
      return { found, looked }
    },
  }
}
