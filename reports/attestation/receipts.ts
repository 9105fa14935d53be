/** The chain of receipts: one line of JSON per signed report, each naming the digest of the line before it, so that none can vanish from the middle. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { drilledSchema } from './statement.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const receiptSchema = z.object({
  schemaVersion: z.literal(1),
  number: z.int().min(1),
  signedAt: z.iso.datetime(),
  target: z.string(),
  domain: z.string(),
  startedAt: z.iso.datetime(),
  passed: z.boolean(),
  decision: z.string(),
  keyid: sha256,
  /** What was restored; absent: nothing was drilled. */
  drills: z.array(drilledSchema).optional(),
  /** Of the envelope's file. */
  attestation: sha256,
  previous: sha256.nullable(),
})
export type Receipt = z.output<typeof receiptSchema>

export const digestOf = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex')

export interface Chain {
  readonly receipts: readonly Receipt[]
  /** Of the last line; null for an empty chain. */
  readonly head: string | null
  /** What breaks it, one line each. */
  readonly problems: readonly string[]
}

/** @param text the whole file; empty for a chain that is to begin */
export function readChain(text: string): Chain {
  const receipts: Receipt[] = []
  const problems: string[] = []
  let head: string | null = null
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  else if (text !== '') problems.push('its last line is cut')
  for (const [index, line] of lines.entries()) {
    let json: unknown
    try {
      json = JSON.parse(line)
    } catch {
      problems.push(`line ${index + 1} is no JSON`)
    }
    const read = receiptSchema.safeParse(json)
    if (!read.success) {
      if (json !== undefined) problems.push(`line ${index + 1} is no receipt`)
    } else {
      if (read.data.previous !== head) problems.push(`line ${index + 1} does not follow from the line before it`)
      if (read.data.number !== index + 1) problems.push(`line ${index + 1} is receipt number ${read.data.number}`)
      receipts.push(read.data)
    }
    head = digestOf(line)
  }
  return { receipts, head, problems }
}

export const receiptLine = (receipt: Receipt): string => JSON.stringify(receipt)
