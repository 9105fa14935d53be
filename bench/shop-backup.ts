/** A compound backup of a shop with as many rows as asked for, as a nightly job leaves it: files of one run, beside each other. */
import { createHash } from 'node:crypto'
import { createWriteStream, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip, gzipSync } from 'node:zlib'
import { tarOf } from '../fixtures/backups.ts'

const FILES = 1000

async function* dump(rows: number, at: Date): AsyncGenerator<string> {
  yield `--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.18\n-- Dumped by pg_dump version 15.18\n\n-- Started on ${at.toISOString().slice(0, 19).replace('T', ' ')} UTC\n\nSET statement_timeout = 0;\nSET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\nSELECT pg_catalog.set_config('search_path', '', false);\nSET row_security = off;\n\n`
  yield `CREATE TABLE public.users (\n    id integer NOT NULL,\n    name text\n);\n\nALTER TABLE public.users OWNER TO shop;\n\nCREATE TABLE public.orders (\n    id integer NOT NULL,\n    user_id integer,\n    item text,\n    total numeric,\n    created_at timestamp with time zone\n);\n\nALTER TABLE public.orders OWNER TO shop;\n\nCREATE TABLE public.uploads (\n    id integer NOT NULL,\n    path text\n);\n\nALTER TABLE public.uploads OWNER TO shop;\n\n`
  const users = Math.max(1, Math.round(rows / 50))
  yield 'COPY public.users (id, name) FROM stdin;\n'
  for (let from = 1; from <= users; from += 5000)
    yield Array.from({ length: Math.min(5000, users - from + 1) }, (_, index) => `${from + index}\tuser number ${from + index}\n`).join('')
  yield '\\.\n\n\nCOPY public.orders (id, user_id, item, total, created_at) FROM stdin;\n'
  const seed = createHash('sha256').update('orders').digest('hex').repeat(4)
  for (let from = 1; from <= rows; from += 5000)
    yield Array.from({ length: Math.min(5000, rows - from + 1) }, (_, index) => {
      const id = from + index
      const created = new Date(at.getTime() - (rows - id) * 500).toISOString().slice(0, 19).replace('T', ' ')
      return `${id}\t${(id % users) + 1}\t${seed.slice(id % 64, (id % 64) + 90)} ${id}\t${id % 1000}.50\t${created}+00\n`
    }).join('')
  yield '\\.\n\n\nCOPY public.uploads (id, path) FROM stdin;\n'
  yield Array.from({ length: FILES }, (_, index) => `${index + 1}\tpictures/${index + 1}.jpg\n`).join('')
  yield `\\.\n\n\nALTER TABLE ONLY public.users\n    ADD CONSTRAINT users_pkey PRIMARY KEY (id);\n\nALTER TABLE ONLY public.orders\n    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);\n\nCREATE INDEX orders_user_id_idx ON public.orders USING btree (user_id);\n\nALTER TABLE ONLY public.orders\n    ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);\n\n--\n-- PostgreSQL database dump complete\n--\n\n`
}

export interface ShopBackup {
  readonly stamp: string
  /** Name of the dump. */
  readonly dump: string
  /** Of the dump as it lies there. */
  readonly bytes: number
}

/** `shop-<stamp>.sql.gz` (or `.sql`), `globals-<stamp>.sql`, `uploads-<stamp>.tar.gz` and `config-<stamp>.tar.gz`. */
export async function shopBackup(folder: string, rows: number, at = new Date(), compressed = true): Promise<ShopBackup> {
  const stamp = at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')
  const name = `shop-${stamp}.sql${compressed ? '.gz' : ''}`
  const path = join(folder, name)
  if (compressed) await pipeline(() => dump(rows, at), createGzip({ level: 1 }), createWriteStream(path))
  else await pipeline(() => dump(rows, at), createWriteStream(path))
  writeFileSync(
    join(folder, `globals-${stamp}.sql`),
    '--\n-- PostgreSQL database cluster dump\n--\n\nCREATE ROLE shop;\n\n--\n-- PostgreSQL database cluster dump complete\n--\n\n',
  )
  const pictures = Array.from({ length: FILES }, (_, index) => ({ name: `pictures/${index + 1}.jpg`, body: `picture ${index + 1}`.repeat(200) }))
  writeFileSync(join(folder, `uploads-${stamp}.tar.gz`), gzipSync(tarOf(pictures)))
  writeFileSync(
    join(folder, `config-${stamp}.tar.gz`),
    gzipSync(tarOf([{ name: '.env', body: `DATABASE_URL=postgres://db/shop\nSESSION_KEY=${'x'.repeat(40)}\n` }])),
  )
  // As old as their stamp says: a file of this minute would be watched whether it still grows.
  for (const one of readdirSync(folder)) if (one.includes(stamp)) utimesSync(join(folder, one), at, at)
  return { stamp, dump: name, bytes: statSync(path).size }
}
