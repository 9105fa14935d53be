/** The published JSON Schema of report.json (draft 2020-12). `node reports/schema.ts` prints it. */
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { OUTCOMES, SEVERITIES } from '../helpers/verdict.ts'

const outcome = z.enum(OUTCOMES)
const severity = z.enum(SEVERITIES)
const instant = z.iso.datetime()
const count = z.int().min(0)
const ms = z.number().min(0)

const words = z.string()
const figure = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('requests'),
    title: words,
    points: z.array(z.object({ atMs: z.number(), accepted: z.boolean(), label: words.optional() })),
    model: z.object({ label: words, line: z.array(z.object({ atMs: z.number(), total: z.number() })) }).optional(),
  }),
  z.object({
    kind: z.literal('timeline'),
    title: words,
    spans: z.array(z.object({ label: words, startMs: z.number(), endMs: z.number(), outcome, note: words.optional() })),
  }),
  z.object({
    kind: z.literal('states'),
    title: words,
    transitions: z.array(z.object({ from: words, to: words, label: words, outcome, note: words.optional() })),
  }),
  z.object({
    kind: z.literal('series'),
    title: words,
    unit: words,
    points: z.array(z.object({ label: words, value: z.number() })),
    limit: z.object({ label: words, value: z.number() }).optional(),
  }),
  z.object({ kind: z.literal('table'), title: words, columns: z.array(words), rows: z.array(z.array(words)) }),
])

const basis = z.object({ kind: z.enum(['measured', 'optimistic']), why: words })
const earlier = z.object({
  startedAt: instant,
  usableMs: ms.optional(),
  humanMinutes: z.number().min(0),
  basis: z.enum(['measured', 'optimistic']).optional(),
  rpoHours: z.number(),
})
const drill = z
  .object({
    entry: words.meta({ description: 'id of the backup' }),
    runId: words,
    startedAt: instant,
    recoveryPoint: z.object({ at: words, basis: z.enum(['name', 'mtime', 'dump']) }),
    artifacts: z.array(z.object({ role: words, name: words, bytes: count, sha256: words, format: words })),
    databases: z.array(
      z.object({
        label: words,
        kind: words,
        engine: words,
        version: words,
        image: words.optional(),
        basis,
        bytes: count,
        decodedBytes: count,
        restoreMs: ms,
        tables: z.array(z.object({ name: words, expected: count.optional(), rows: count.optional() })),
        digests: z.record(z.string(), words).meta({ description: 'table -> rows:sum of its digested content' }),
        extensions: z.record(z.string(), words),
      }),
    ),
    files: z.array(z.object({ name: words, from: words, rows: count, sampled: count, lost: count })),
    phases: z.array(z.object({ name: words, detail: words, startMs: ms, endMs: ms, done: z.boolean() })),
    rto: z.object({
      usableMs: ms.optional().meta({ description: 'machines alone, until usable data' }),
      humanMinutes: z.number().min(0),
      objectiveMinutes: z.number().optional(),
      headroom: z.number().optional().meta({ description: 'objective divided by what it took, people included' }),
      basis: basis.optional(),
    }),
    rpo: z.object({ hours: z.number(), objectiveHours: z.number().optional(), headroom: z.number().optional() }),
    earlier: z.array(earlier),
    notProven: z.array(words),
    notRestored: z.array(words),
    cleanup: z.object({ made: count, left: z.array(words), swept: z.array(words) }),
  })
  .meta({ description: 'a backup that was restored: what, where, how long, and what that does not prove' })
const part = z.enum(['deploy', 'rollback'])
const rollback = z
  .object({
    level: words,
    startedAt: instant,
    deployMs: ms,
    rollbackMs: ms,
    limitSeconds: z.number(),
    deployGapMs: ms.optional(),
    rollbackGapMs: ms.optional(),
    steps: z.array(z.object({ part, name: words, startMs: ms, endMs: ms, done: z.boolean(), received: words })),
    proofs: z.array(z.object({ part, name: words, held: z.boolean() })),
    leftOut: z.array(words),
  })
  .meta({ description: 'a rehearsed deployment and the way back from it' })

export const reportSchema = z.object({
  schemaVersion: z.literal(1),
  tool: z.object({ name: z.literal('postproof'), version: z.string(), node: z.string() }),
  target: z.object({
    name: z.string(),
    domain: z.string(),
    environment: z.enum(['production', 'staging', 'local']),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    hosts: z.array(z.string()),
    discovered: z.boolean(),
  }),
  startedAt: instant,
  finishedAt: instant,
  vantage: z.record(z.string(), z.unknown()).meta({ description: 'where it was looked from: families, resolver, clock skew' }),
  gate: z.object({
    passed: z.boolean(),
    exitCode: z.int(),
    block: severity,
    blocking: z.array(z.string()),
    reason: z.string().optional(),
    interrupted: z.literal(true).optional(),
  }),
  counts: z.object({ pass: count, warn: count, fail: count, inconclusive: count, skip: count }),
  run: z.object({
    probes: count,
    connections: count,
    retries: count,
    checks: count,
    aborted: z.string().optional(),
    used: z
      .object({
        requests: count,
        zones: z.record(z.string(), count),
        logins: z.record(z.string(), count),
        registrations: count,
        mails: count,
        bytes: count,
        sockets: count.optional(),
        frames: count.optional(),
      })
      .meta({ description: 'by what acts on the target' })
      .optional(),
    cleanedUp: z
      .array(z.object({ what: z.string(), host: z.string().optional(), removed: z.boolean(), reason: z.string().optional() }))
      .meta({ description: 'what the run had to remove at its end' })
      .optional(),
  }),
  selection: z.record(z.string(), z.array(z.string())).optional(),
  requirements: z.array(z.object({ id: z.string(), outcome, checks: z.array(z.string()) })),
  timings: z.array(
    z.object({
      host: z.string(),
      url: z.string(),
      peer: z.string(),
      dnsMs: ms.optional(),
      connectMs: ms.optional(),
      tlsMs: ms.optional(),
      ttfbMs: ms,
      transferMs: ms,
      totalMs: ms,
      status: z.int(),
      httpVersion: z.string(),
    }),
  ),
  certificates: z.array(
    z.object({
      host: z.string(),
      subject: z.string(),
      issuer: z.string(),
      notBefore: z.string(),
      notAfter: z.string(),
      chainNotAfter: z.string(),
      sha256: z.string(),
      serialHex: z.string(),
      protocol: z.string(),
      cipher: z.string(),
      alpn: z.string().optional(),
      group: z.string().optional(),
    }),
  ),
  drills: z.array(drill).optional(),
  rollbacks: z.array(rollback).optional(),
  results: z.array(
    z.object({
      check: z.string(),
      suite: z.string(),
      subject: z.string(),
      host: z.string().optional(),
      outcome,
      severity,
      code: z.string().optional().meta({ description: 'failure code of a warn, fail or inconclusive; closed list, `postproof checks --json`' }),
      blame: z.enum(['unobserved', 'misused', 'defect']).optional(),
      skip: z.enum(['not-applicable', 'not-declared', 'not-authorised', 'not-selected', 'no-access']).optional(),
      reason: z.string().optional(),
      because: z.string().optional(),
      title: z.string(),
      evidence: z.array(
        z.object({
          what: z.string(),
          expected: z.string(),
          received: z.string(),
          where: z.string().optional(),
          at: z.string().optional(),
          holds: z.literal(true).optional(),
        }),
      ),
      figures: z.array(figure).optional().meta({ description: 'pictures of what was seen, as data' }),
      why: z.string(),
      fix: z.string(),
      source: z.string(),
      reproduce: z.string(),
      requirements: z.array(z.string()),
      startedAt: instant,
      durationMs: ms,
      attempts: z.int().min(1),
      waiver: z.object({ reason: z.string(), owner: z.string(), expires: z.string() }).optional(),
    }),
  ),
})

export function reportJsonSchema(): Record<string, unknown> {
  return { title: 'postproof report', ...(z.toJSONSchema(reportSchema, { target: 'draft-2020-12' }) as Record<string, unknown>) }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  process.stdout.write(`${JSON.stringify(reportJsonSchema(), null, 2)}\n`)
