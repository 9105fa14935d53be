/** A report as an in-toto Statement v1 with the test-result predicate v0.1, and the person's sign-off within it. */
import { z } from 'zod'
import type { Report } from '../report.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

export const DECISIONS = ['accept', 'accept-with-actions', 'reject'] as const
export const signOffSchema = z.object({
  performedBy: z.string().min(1),
  reviewedBy: z.string().min(1).optional(),
  decision: z.enum(DECISIONS),
  note: z.string().optional(),
  signedAt: z.iso.datetime(),
})
/** What a person says of a report. */
export type SignOff = z.output<typeof signOffSchema>

/** A sign-off as the readable formats show it. */
export type Signed = SignOff & { readonly keyid: string }

export const drilledSchema = z.object({
  entry: z.string(),
  startedAt: z.iso.datetime(),
  recoveryPoint: z.string(),
  artifacts: z.array(z.object({ name: z.string(), bytes: z.int().min(0), digest: z.object({ sha256 }) })),
  usableMs: z.number().min(0).optional(),
  humanMinutes: z.number().min(0),
  basis: z.enum(['measured', 'optimistic']).optional(),
  rpoHours: z.number(),
})
/** A drill as the statement and its receipt name it. */
type Drilled = z.output<typeof drilledSchema>
export const drilledOf = ({ drills = [] }: Report): readonly Drilled[] =>
  drills.map(({ entry, startedAt, recoveryPoint, artifacts, rto, rpo }) => ({
    entry,
    startedAt,
    recoveryPoint: recoveryPoint.at,
    artifacts: artifacts.map((one) => ({ name: one.name, bytes: one.bytes, digest: { sha256: one.sha256 } })),
    ...(rto.usableMs === undefined ? {} : { usableMs: rto.usableMs }),
    humanMinutes: rto.humanMinutes,
    ...(rto.basis === undefined ? {} : { basis: rto.basis.kind }),
    rpoHours: rpo.hours,
  }))

export const statementSchema = z.object({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  subject: z.array(z.object({ name: z.string(), digest: z.object({ sha256 }) })).min(1),
  predicateType: z.literal('https://in-toto.io/attestation/test-result/v0.1'),
  predicate: z.object({
    result: z.enum(['PASSED', 'WARNED', 'FAILED']),
    configuration: z.array(z.object({ name: z.string(), digest: z.object({ sha256 }) })),
    passedTests: z.array(z.string()),
    warnedTests: z.array(z.string()),
    failedTests: z.array(z.string()),
    signOff: signOffSchema,
    /** What was restored, and how long it took; absent: nothing was drilled. */
    drills: z.array(drilledSchema).optional(),
    /** SHA-256 of the receipt before this one; null for the first of a chain. */
    previousReceipt: sha256.nullable(),
  }),
})
export type Statement = z.output<typeof statementSchema>

export interface FileDigest {
  readonly name: string
  readonly sha256: string
}

/** A verdict that could not be reached is no passed test: it stands with the failed ones. */
export function statementOf(report: Report, files: readonly FileDigest[], signOff: SignOff, previousReceipt: string | null): Statement {
  const named = (...outcomes: readonly string[]): string[] =>
    report.results.filter(({ outcome }) => outcomes.includes(outcome)).map(({ check, subject }) => `${check} ${subject}`)
  const result = !report.gate.passed ? 'FAILED' : report.counts.warn + report.counts.fail + report.counts.inconclusive > 0 ? 'WARNED' : 'PASSED'
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: files.map(({ name, sha256: digest }) => ({ name, digest: { sha256: digest } })),
    predicateType: 'https://in-toto.io/attestation/test-result/v0.1',
    predicate: {
      result,
      configuration: [{ name: report.target.name, digest: { sha256: report.target.sha256 } }],
      passedTests: named('pass'),
      warnedTests: named('warn'),
      failedTests: named('fail', 'inconclusive'),
      signOff,
      ...(report.drills === undefined ? {} : { drills: [...drilledOf(report)] }),
      previousReceipt,
    },
  }
}
