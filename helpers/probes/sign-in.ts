/** A session for probes that act: signed in once as the target says, its headers put on every request. Values never leave it but towards the target. */
import { parseJsonPath, readJsonPath } from '../grammar/json-path.ts'
import type { RawHeaders } from '../observations.ts'
import { type ProbeContext, ProbeError } from '../probe.ts'
import type { SignIn } from '../target/act.ts'
import type { Asked } from './asked.ts'
import { Cookies, exchange, type ExchangeAnswer, type ExchangeRequest, secretOf } from './exchange.ts'

/** `{secret:name}` and `{name}` filled in; @throws ProbeError `NO_ACCESS`, or `NOT_CAPTURED` for a name that nothing has */
export function filled(context: Pick<ProbeContext, 'target'>, template: string, captured: ReadonlyMap<string, string>): string {
  return template.replace(/\{(secret:)?([A-Za-z][A-Za-z0-9_-]*)\}/g, (whole, secret: string | undefined, name: string) => {
    if (secret !== undefined) return secretOf(context, name)
    if (name === 'domain') return context.target.domain
    const value = captured.get(name)
    if (value === undefined) throw new ProbeError({ code: 'NOT_CAPTURED', message: `nothing was captured as ${whole}`, phase: 'request' })
    return value
  })
}
export function jsonAt(answer: Pick<ExchangeAnswer, 'body'>, path: string): unknown {
  const parsed = parseJsonPath(path)
  if (!parsed.ok) return undefined
  try {
    const found = readJsonPath(JSON.parse(new TextDecoder().decode(answer.body)), parsed.segments)
    return found.found ? found.value : undefined
  } catch {
    return undefined
  }
}

/** Who signs in by a request: the secret that the first field names, or what stands there. */
function accountOf({ login }: Extract<SignIn, { login: object }>): string {
  const first = Object.values(login.form ?? login.json ?? {})[0] ?? login.url
  return /^\{secret:([^}]+)\}$/.exec(first)?.[1] ?? first
}

/** What opening a session takes. */
export function signInCost(how: SignIn | undefined): { readonly asked: readonly Asked[]; readonly logins: Readonly<Record<string, number>> } {
  if (how === undefined || !('login' in how)) return { asked: [], logins: {} }
  return { asked: [{ url: how.login.url, method: 'POST' }], logins: { [accountOf(how)]: 1 } }
}

export class Session {
  readonly cookies = new Cookies()
  #context: ProbeContext
  #headers: RawHeaders = []
  #secret = false

  private constructor(context: ProbeContext) {
    this.#context = context
  }
  /** @throws ProbeError `NO_ACCESS` (a secret is not at hand, or the sign-in was refused), those of the exchange */
  static async open(context: ProbeContext, how: SignIn | undefined): Promise<Session> {
    const session = new Session(context)
    if (how === undefined) return session
    session.#secret = true
    if ('bearerFrom' in how) session.#headers = [['Authorization', `Bearer ${secretOf(context, how.bearerFrom)}`]]
    else if ('header' in how) session.#headers = [[how.header, secretOf(context, how.from)]]
    else if ('cookie' in how) session.cookies.set(how.cookie, secretOf(context, how.from))
    else if ('username' in how)
      session.#headers = [['Authorization', `Basic ${Buffer.from(`${how.username}:${secretOf(context, how.passwordFrom)}`).toString('base64')}`]]
    else {
      context.used?.({ logins: signInCost(how).logins })
      await session.#login(how.login)
    }
    return session
  }
  async #login(login: Extract<SignIn, { login: object }>['login']): Promise<void> {
    const fill = (fields: Readonly<Record<string, string>>): Record<string, string> =>
      Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, filled(this.#context, value, new Map())]))
    const form = login.form
    const answer = await exchange(this.#context, {
      url: login.url.replaceAll('{domain}', this.#context.target.domain),
      method: 'POST',
      headers: [['Content-Type', form === undefined ? 'application/json' : 'application/x-www-form-urlencoded']],
      body: form === undefined ? JSON.stringify(fill(login.json ?? {})) : new URLSearchParams(fill(form)).toString(),
      secret: true,
    })
    if (answer.status >= 400) throw new ProbeError({ code: 'SIGN_IN_REFUSED', message: `the sign-in was answered with ${answer.status}`, phase: 'response' })
    this.cookies.take(answer.headers)
    if (login.bearer === undefined) {
      if (this.cookies.header.length === 0) throw new ProbeError({ code: 'SIGN_IN_REFUSED', message: 'the sign-in set no cookie', phase: 'response' })
      return
    }
    const token = jsonAt(answer, login.bearer)
    if (typeof token !== 'string' || token === '' || token.length > 65_536)
      throw new ProbeError({
        code: 'SIGN_IN_REFUSED',
        message: `the answer to the sign-in (${answer.status}) holds no token at ${login.bearer}`,
        phase: 'response',
      })
    this.#headers = [['Authorization', `Bearer ${token}`]]
  }
  /** Goes on in another context: that of removing things when the run has ended. */
  continueIn(context: ProbeContext): void {
    this.#context = context
  }
  /** What the session puts on every request. */
  get headers(): RawHeaders {
    return [...this.#headers, ...this.cookies.header]
  }
  /** With what the session carries; its cookies are kept up to date. */
  async send(request: ExchangeRequest): Promise<ExchangeAnswer> {
    const answer = await exchange(this.#context, {
      ...request,
      headers: [...(request.headers ?? []), ...this.headers],
      ...(this.#secret ? { secret: true } : {}),
    })
    this.cookies.take(answer.headers)
    return answer
  }
}
