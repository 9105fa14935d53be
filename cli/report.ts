/** `postproof report`: what a person does with a finished report: sign it off, and prove later that it is the one that was signed. */
import { appendFile, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import type { KeyObject } from 'node:crypto'
import { contradictions } from '../reports/attestation/contradictions.ts'
import { type Envelope, envelopeSchema, keyId, newKeyPair, readKey, seal, unseal } from '../reports/attestation/dsse.ts'
import { digestOf, readChain, receiptLine } from '../reports/attestation/receipts.ts'
import { DECISIONS, drilledOf, type FileDigest, type SignOff, type Statement, statementOf, statementSchema } from '../reports/attestation/statement.ts'
import { html } from '../reports/html.ts'
import { markdown } from '../reports/markdown.ts'
import type { Report } from '../reports/report.ts'
import { visible } from '../reports/sanitize.ts'
import { reportSchema } from '../reports/schema.ts'
import { EXIT_MISUSE, type ReportSignFlags, type ReportVerifyFlags } from './commands.ts'

const ATTESTATION = 'attestation.json'
/** What a run writes, in the order it is signed. */
const FILES: readonly string[] = ['report.json', 'report.html', 'report.md', 'junit.xml', 'metrics.prom']

/** What is wrong with what the user gave: exit 3. */
class Misuse extends Error {
  override readonly name = 'Misuse'
}
/** The report, its signature or its chain is not what it says: exit 1. */
class NotBelieved extends Error {
  override readonly name = 'NotBelieved'
}

const reason = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException
  return code === 'ENOENT' ? 'is not there' : code === 'EACCES' ? 'may not be read' : code === 'EISDIR' ? 'is a folder' : message
}
const shown = (path: string): string => visible(relative(process.cwd(), path) || '.')

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new Misuse(`${shown(path)} ${reason(error)}`)
  }
}

async function keyOf(path: string, kind: 'private' | 'public'): Promise<KeyObject> {
  const pem = await textOf(path)
  try {
    return readKey(pem, kind)
  } catch (error) {
    throw new Misuse(`${shown(path)} ${(error as Error).message}`)
  }
}

/** @throws NotBelieved where the file is no report, or one that contradicts itself */
async function reportIn(folder: string): Promise<Report> {
  const path = join(folder, 'report.json')
  const text = await textOf(path)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new NotBelieved(`${shown(path)} is no JSON: ${(error as Error).message}`)
  }
  const read = reportSchema.safeParse(json)
  if (!read.success) {
    const [first] = read.error.issues
    throw new NotBelieved(`${shown(path)} is no report: ${first?.path.join('.') ?? ''}: ${first?.message ?? ''}`)
  }
  const report = read.data as Report
  const problems = contradictions(report)
  if (problems.length > 0) throw new NotBelieved(`${shown(path)} contradicts itself: ${visible(problems.join('; '))}`)
  return report
}

async function digests(folder: string): Promise<readonly FileDigest[]> {
  const there = new Set(await readdir(folder))
  return await Promise.all(FILES.filter((name) => there.has(name)).map(async (name) => ({ name, sha256: digestOf(await readFile(join(folder, name))) })))
}

async function replace(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.tmp`
  await writeFile(draft, text)
  await rename(draft, path)
}

async function saying(work: () => Promise<number>): Promise<number> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Misuse) && !(error instanceof NotBelieved)) throw error
    process.stderr.write(`${error.message}\n`)
    return error instanceof Misuse ? EXIT_MISUSE : 1
  }
}

const chainPath = (folder: string, given: string | undefined): string => resolve(given ?? join(dirname(folder), 'postproof-receipts.jsonl'))

/** `report keygen FILE`: FILE (the private key, for its owner alone) and FILE.pub. */
export const keygen = (given: string): Promise<number> =>
  saying(async () => {
    const path = resolve(given)
    const { privateKey, publicKey } = newKeyPair()
    try {
      await writeFile(path, privateKey, { mode: 0o600, flag: 'wx' })
      await writeFile(`${path}.pub`, publicKey, { flag: 'wx' })
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      throw new Misuse(code === 'EEXIST' ? `${shown(path)} or ${shown(path)}.pub is there already; a key is never overwritten` : message)
    }
    process.stdout.write(
      `${shown(path)} signs; ${shown(path)}.pub verifies, give it to whoever reads the reports\nkey ${keyId(readKey(publicKey, 'public'))}\n`,
    )
    return 0
  })

/** `report sign FOLDER`: the sign-off goes into the readable formats, then everything is signed, and a receipt is added to the chain. */
export const sign = (given: string, flags: ReportSignFlags): Promise<number> =>
  saying(async () => {
    const folder = resolve(given)
    if (!(DECISIONS as readonly string[]).includes(flags.decision)) throw new Misuse(`--decision is one of ${DECISIONS.join(', ')}`)
    const key = await keyOf(resolve(flags.key), 'private')
    const report = await reportIn(folder)
    if (flags.decision === 'accept' && !report.gate.passed)
      throw new Misuse('its gate did not pass: --decision accept-with-actions (say in --note which) or reject')
    if (flags.decision === 'accept-with-actions' && flags.note === undefined)
      throw new Misuse('--decision accept-with-actions needs --note: which actions, whose, until when')
    const path = chainPath(folder, flags.receipts)
    const before = await readFile(path, 'utf8').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
      throw new Misuse(`${shown(path)} ${reason(error)}`)
    })
    const chain = readChain(before)
    if (chain.problems.length > 0) throw new NotBelieved(`${shown(path)} is broken: ${chain.problems.join('; ')}; begin another with --receipts`)
    const signOff: SignOff = {
      performedBy: visible(flags.performedBy),
      ...(flags.reviewedBy === undefined ? {} : { reviewedBy: visible(flags.reviewedBy) }),
      decision: flags.decision as SignOff['decision'],
      ...(flags.note === undefined ? {} : { note: visible(flags.note) }),
      signedAt: new Date().toISOString(),
    }
    const keyid = keyId(key)
    await replace(join(folder, 'report.html'), html(report, { ...signOff, keyid }))
    await replace(join(folder, 'report.md'), markdown(report, { ...signOff, keyid }))
    const statement = statementOf(report, await digests(folder), signOff, chain.head)
    const envelope = `${JSON.stringify(seal(Buffer.from(JSON.stringify(statement)), key), null, 1)}\n`
    await replace(join(folder, ATTESTATION), envelope)
    const line = receiptLine({
      schemaVersion: 1,
      number: chain.receipts.length + 1,
      signedAt: signOff.signedAt,
      target: report.target.name,
      domain: report.target.domain,
      startedAt: report.startedAt,
      passed: report.gate.passed,
      decision: signOff.decision,
      keyid,
      ...(report.drills === undefined ? {} : { drills: [...drilledOf(report)] }),
      attestation: digestOf(envelope),
      previous: chain.head,
    })
    await appendFile(path, `${line}\n`)
    process.stdout.write(
      `signed: ${signOff.decision} by ${signOff.performedBy}, key ${keyid.slice(0, 16)}…\n${shown(join(folder, ATTESTATION))}, receipt ${chain.receipts.length + 1} in ${shown(path)}\n`,
    )
    return 0
  })

function statementIn(payload: Buffer): Statement {
  try {
    return statementSchema.parse(JSON.parse(payload.toString('utf8')))
  } catch {
    throw new NotBelieved('what was signed is no statement about a report')
  }
}

/**
 * `report verify FOLDER`: offline. Exit 1 when anything is not as it was signed; else what the report itself says, so that a well-signed failure is
 * no green.
 */
export const verifySigned = (given: string, flags: ReportVerifyFlags): Promise<number> =>
  saying(async () => {
    const folder = resolve(given)
    const key = await keyOf(resolve(flags.key), 'public')
    const attestation = await textOf(join(folder, ATTESTATION))
    let envelope: Envelope
    try {
      envelope = envelopeSchema.parse(JSON.parse(attestation))
    } catch {
      throw new NotBelieved(`${shown(join(folder, ATTESTATION))} is no DSSE envelope`)
    }
    const payload = unseal(envelope, key)
    if (payload === undefined)
      throw new NotBelieved(
        `no signature of it is by this key (${keyId(key).slice(0, 16)}…); it names ${visible(envelope.signatures.map(({ keyid }) => keyid.slice(0, 16)).join(', '))}…`,
      )
    const statement = statementIn(payload)
    const now = new Map((await digests(folder)).map(({ name, sha256 }) => [name, sha256]))
    if (!statement.subject.some(({ name }) => name === 'report.json')) throw new NotBelieved('the signature does not cover report.json')
    for (const { name, digest } of statement.subject) {
      if (now.get(name) === undefined) throw new NotBelieved(`${visible(name)} was signed and is not there`)
      if (now.get(name) !== digest.sha256) throw new NotBelieved(`${visible(name)} was changed after it was signed`)
    }
    const report = await reportIn(folder)
    const { signOff, previousReceipt } = statement.predicate
    const again = statementOf(report, [], signOff, previousReceipt).predicate
    if (JSON.stringify(again) !== JSON.stringify(statement.predicate)) throw new NotBelieved('what was signed says something else than the report')
    const path = chainPath(folder, flags.receipts)
    const chain = readChain(await textOf(path))
    if (chain.problems.length > 0) throw new NotBelieved(`${shown(path)} is broken: ${chain.problems.join('; ')}`)
    const receipt = chain.receipts.find((one) => one.attestation === digestOf(attestation))
    if (receipt === undefined) throw new NotBelieved(`${shown(path)} has no receipt of it`)
    if (receipt.previous !== previousReceipt) throw new NotBelieved(`its receipt stands at another place of ${shown(path)} than the one that was signed`)
    process.stdout.write(
      `as signed: ${visible(report.target.name)}, ${report.startedAt}, ${report.gate.passed ? 'PASSED' : 'NOT PASSED'}; ${signOff.decision} by ${visible(signOff.performedBy)}${signOff.reviewedBy === undefined ? '' : `, reviewed by ${visible(signOff.reviewedBy)}`} at ${signOff.signedAt}\n${statement.subject.length} files, receipt ${receipt.number} of ${chain.receipts.length}\n`,
    )
    return report.gate.exitCode
  })
