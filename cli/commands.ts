/** Commands and their flags (design §3). Misuse is exit 3, before anything is sent. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { packageVersion } from './catalogue.ts'

export const EXIT_MISUSE = 3
export const EXIT_INTERRUPTED = 130

const list = (value: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  ...value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
]
const positive = (value: string): number => {
  const number = Number(value)
  if (!Number.isFinite(number) || number <= 0) throw new InvalidArgumentError('a number above 0')
  return number
}
const seconds = (value: string): number => {
  const number = Number(value)
  if (!Number.isFinite(number) || number <= 0) throw new InvalidArgumentError('a number of seconds above 0')
  return number
}

export interface SelectionFlags {
  readonly suite?: readonly string[]
  readonly check?: readonly string[]
  readonly host?: readonly string[]
  readonly tag?: readonly string[]
}
/** What a run asks of its target, in `plan` as in `verify`. */
export interface AskFlags extends SelectionFlags {
  readonly depth?: 'default' | 'full'
}
export interface VerifyFlags extends AskFlags {
  readonly allow?: readonly string[]
  readonly report: string
  readonly json?: boolean
  readonly quiet?: boolean
  readonly debug?: boolean
  readonly timeout?: number
  readonly color: boolean
  /** Lines instead of a live view: the command shows its own progress. */
  readonly plain?: boolean
}
export interface DrillFlags extends VerifyFlags {
  readonly engine?: 'auto' | 'docker' | 'native' | 'embedded'
  readonly image?: string
  /** Version of the live server. */
  readonly live?: string
  readonly rto?: number
  readonly rpo?: number
}
export interface DemoFlags extends VerifyFlags {
  readonly fault?: readonly string[]
  readonly faults?: boolean
  readonly keep?: boolean
  readonly port?: string
}

export interface ReportSignFlags {
  readonly key: string
  readonly performedBy: string
  readonly reviewedBy?: string
  readonly decision: string
  readonly note?: string
  readonly receipts?: string
}
export interface ReportVerifyFlags {
  readonly key: string
  readonly receipts?: string
}

const TARGET = 'a target file (.yaml, .ts), or a bare domain such as example.com'

const selection = (command: Command): Command =>
  command
    .option('--suite <names>', 'only these suites (comma-separated)', list)
    .option('--check <ids>', 'only these checks, such as tls/validity', list)
    .option('--host <names>', 'only these hosts (api or api.example.com)', list)
    .option('--tag <tags>', 'only hosts that carry one of these tags', list)
    .addOption(new Option('--depth <depth>', 'full also asks what takes many connections or odd bytes').choices(['default', 'full']))

const running = (command: Command): Command =>
  selection(command)
    .option('--allow <impacts>', "owner's consent by name: load, login, write, mail, drill", list)
    .option('--report <folder>', 'where the report goes', 'postproof-report')
    .option('--json', 'one event per line on standard output instead of the live view')
    .option('--quiet', 'only the verdict line')
    .option('--debug', 'the wire log of every probe, on standard error')
    .option('--timeout <seconds>', 'deadline of the whole run', seconds)
    .option('--no-color', 'no colours (NO_COLOR works too)')

function program(): Command {
  const version = packageVersion()
  const root = new Command('postproof')
    .description('Proves a deployment from outside: one file describes it, one command judges it with evidence and leaves a report a person can sign.')
    .version(version)
    .showHelpAfterError('(postproof --help shows the commands)')
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText(
      'after',
      `
Exit codes:
    0  the gate passed
    1  the gate failed
    2  could not tell: a blocking verdict is inconclusive, or nothing was judged
    3  misuse: bad target or flags; nothing was sent
  130  interrupted; the report of what was done is written`,
    )
  running(root.command('verify').description('look at a deployment, judge it, write the report').argument('<target>', TARGET)).action(
    async (target: string, flags: VerifyFlags) => {
      process.exitCode = await (await import('./verify.ts')).verify(target, flags)
    },
  )
  running(root.command('demo').description('start the embedded demo deployment on loopback and verify it'))
    .option('--fault <names>', 'break it first: any fault, several comma-separated', list)
    .option('--faults', 'list the faults and stop')
    .option('--keep', 'leave the deployment running until Ctrl-C')
    .action(async (flags: DemoFlags) => {
      process.exitCode = await (await import('./demo.ts')).demo(flags)
    })
  running(
    root
      .command('drill')
      .description('judge backups and restore them into what is thrown away afterwards')
      .argument('<target or backup>', 'a target file with `backups`, or a backup as it lies there: a file or a folder'),
  )
    .addOption(new Option('--engine <engine>', 'where databases are restored').choices(['auto', 'docker', 'native', 'embedded']))
    .option('--image <image>', 'image of the database server, the one that runs live; it must be on this machine')
    .option('--live <version>', 'version of the database server that runs live, such as 15.18')
    .option('--rto <minutes>', 'objective: minutes until the data are usable', positive)
    .option('--rpo <hours>', 'objective: hours of data that may be lost', positive)
    .action(async (given: string, flags: DrillFlags) => {
      process.exitCode = await (await import('./drill.ts')).drill(given, flags)
    })
  selection(root.command('plan').description('what would run, against what, at what cost; sends nothing').argument('<target>', TARGET))
    .option('--json', 'as JSON')
    .action(async (target: string, flags: AskFlags & { json?: boolean }) => {
      process.exitCode = await (await import('./plan.ts')).plan(target, flags)
    })
  root
    .command('validate')
    .description('tell every mistake in a target file; sends nothing')
    .argument('<target>', 'a target file (.yaml, .ts)')
    .addOption(new Option('--json', 'as JSON'))
    .action(async (target: string, flags: { json?: boolean }) => {
      process.exitCode = await (await import('./validate.ts')).validate(target, flags)
    })
  root
    .command('checks')
    .description('the catalogue of checks')
    .argument('[target]', "with the user's own checks beside this target")
    .option('--suite <names>', 'only these suites', list)
    .option('--json', 'as JSON')
    .action(async (target: string | undefined, flags: { suite?: readonly string[]; json?: boolean }) => {
      process.exitCode = await (await import('./checks.ts')).checks(target, flags)
    })
  root
    .command('explain')
    .description('why a check exists, how it judges, how to repair and to see it yourself')
    .argument('<id>', 'a check or a failure code, such as tls/validity or tls.expired')
    .action(async (id: string) => {
      process.exitCode = await (await import('./checks.ts')).explain(id)
    })
  root
    .command('selftest')
    .description('prove on this machine that every check can fail and that the healthy deployment passes')
    .option('--suite <names>', 'only the faults of these suites', list)
    .option('--fault <names>', 'only these faults', list)
    .option('--json', 'as JSON')
    .action(async (flags: { suite?: readonly string[]; fault?: readonly string[]; json?: boolean }) => {
      process.exitCode = await (await import('./selftest.ts')).selftest(flags)
    })
  const report = root.command('report').description('sign off a report, and prove later that it is the one that was signed')
  report
    .command('keygen')
    .description('a new Ed25519 key pair: FILE signs, FILE.pub verifies')
    .argument('<file>', 'where the private key goes')
    .action(async (file: string) => {
      process.exitCode = await (await import('./report.ts')).keygen(file)
    })
  report
    .command('sign')
    .description('write the sign-off into the report, sign all of it, add a receipt to the chain')
    .argument('<folder>', 'the report folder, such as postproof-report')
    .requiredOption('--key <file>', 'the private key (Ed25519, PEM)')
    .requiredOption('--performed-by <name>', 'who ran it and answers for it')
    .option('--reviewed-by <name>', 'who looked at it as well')
    .requiredOption('--decision <decision>', 'accept, accept-with-actions or reject')
    .option('--note <text>', 'actions, owners, dates')
    .option('--receipts <file>', 'the chain of receipts; default postproof-receipts.jsonl beside the folder')
    .action(async (folder: string, flags: ReportSignFlags) => {
      process.exitCode = await (await import('./report.ts')).sign(folder, flags)
    })
  report
    .command('verify')
    .description('offline: everything is as it was signed, and the decision follows from the verdicts; then exits as the report says')
    .argument('<folder>', 'the report folder, such as postproof-report')
    .requiredOption('--key <file>', 'the public key (PEM)')
    .option('--receipts <file>', 'the chain of receipts; default postproof-receipts.jsonl beside the folder')
    .action(async (folder: string, flags: ReportVerifyFlags) => {
      process.exitCode = await (await import('./report.ts')).verifySigned(folder, flags)
    })
  root
    .command('schema')
    .description('print the JSON Schema of the target file')
    .action(async () => {
      process.exitCode = await (await import('./validate.ts')).printSchema()
    })
  return root
}

export async function main(argv: readonly string[]): Promise<void> {
  try {
    await program().parseAsync(argv)
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : EXIT_MISUSE
      return
    }
    process.stderr.write(
      `postproof: ${error instanceof Error ? (process.env.POSTPROOF_DEBUG === undefined ? error.message : (error.stack ?? error.message)) : String(error)}\n`,
    )
    process.exitCode = 2
  }
}
