/** What gives a program’s inside away in text: traces, debug pages, versions, internal names. Each says what it is, never what stands there. */
import { inOrder } from '../../helpers/grammar/linear.ts'

export interface Trace {
  readonly what: string
  /** A page that only debugging mode makes: it shows more than a trace. */
  readonly debug: boolean
}

/** One expression, or several that match one behind the other. Every repetition has an end, or what it repeats ends before the next begins: the text is hostile. */
const TRACES: readonly (readonly [mark: RegExp | readonly RegExp[], what: string, debug?: true])[] = [
  [/You(?:&#x27;|&#39;|')re seeing this error because you have <code>DEBUG = True<\/code>/, 'the debug page of Django', true],
  [/<title>[^<]*\/\/ Werkzeug Debugger<\/title>|EVALEX\s*=\s*true/, 'the debugger of Werkzeug', true],
  [
    /<title>[^<]{0,2000}(?:Whoops! There was an error|Ignition)[^<]{0,2000}<\/title>|class="Whoops container"|window\.ignite\(/,
    'the debug page of Whoops or Ignition',
    true,
  ],
  [[/<title>[^<]{0,2000}\((?:404|405|500) [^)<]{0,200}\)[^<]{0,2000}<\/title>/, /Symfony Exception/], 'the debug page of Symfony', true],
  [/<title>Action Controller: Exception caught<\/title>|<h1>[\s\S]{0,200}(?:ActionController|ActiveRecord)::\w+/, 'the debug page of Rails', true],
  [/Microsoft\.AspNetCore\.Diagnostics\.DeveloperExceptionPage/, 'the debug page of ASP.NET', true],
  [[/<title>[^<]*<\/title>/, /<b>\s*Source File:\s*<\/b>/, /<b>\s*Line:\s*<\/b>/], 'the debug page of ASP.NET', true],
  [
    /\bat (?:async )?(?:new )?(?:[^\s(<]{1,120}(?: \[as [^\]]{1,80}\])? )?\(?(?:file:\/\/|node:|\/|[A-Z]:\\)[^\s()<>"]{1,200}:\d+:\d+/,
    'a stack trace of JavaScript',
  ],
  [/Traceback \(most recent call last\):?[\s\S]{0,400}File (?:"|&quot;|&#34;)/, 'a traceback of Python'],
  [/\bat [\w.$]{3,200}\([A-Z]\w*\.(?:java|kt|scala):\d+\)|\b(?:java|javax|jakarta)\.[\w.]{1,100}\.\w{0,60}(?:Exception|Error)\b/, 'a stack trace of Java'],
  [/\bat [\w.`<>]{3,200}\([^)\n]{0,200}\) in [^\n<]{1,200}:line \d+|\bSystem\.(?:[A-Z]\w{0,100}\.){0,10}\w{0,100}Exception\b/, 'a stack trace of .NET'],
  [
    // The place first, then what stands before it: there are few places.
    /(?= in (?:<b>)?\/[^\s<]{1,200}\.php(?:<\/b>)? on line (?:<b>)?\d)(?<=(?:Fatal error|Parse error|Warning|Notice|Deprecated)(?:<\/b>)?:\s[\s\S]{1,400})/,
    'an error message of PHP',
  ],
  [/#\d+ \/[^\s(]{1,200}\.php\(\d+\):/, 'a stack trace of PHP'],
  [
    /\bSQLSTATE\[\w{5}\]|\b(?:PG|psycopg2\.errors|pq): (?:ERROR|syntax error)|You have an error in your SQL syntax|ORA-\d{5}:|SQLITE_ERROR|\bPrisma(?:Client)?\w*Error\b/,
    'an error of the database',
  ],
  [/\bgoroutine \d+ \[running\]:|(?=\.go:\d+ \+0x[0-9a-f])(?<=\/[\w./-]{1,200})/, 'a stack trace of Go'],
  [/(?=\.rb:\d+:in [`'‘])(?<=\/[\w./-]{1,200})/, 'a stack trace of Ruby'],
  [/thread '[^']{1,80}' panicked at /, 'a panic of Rust'],
]

/** Every trace in the text; nothing of it is returned. Reads at most 256 KiB. */
export function findTraces(whole: string): readonly Trace[] {
  const text = whole.slice(0, 262_144)
  const found = TRACES.filter(([mark]) => inOrder(text, ...[mark].flat()))
  return [...new Map(found.map(([, what, debug]) => [what, { what, debug: debug === true }])).values()]
}

const VERSIONS: readonly RegExp[] = [
  /<(?:center|address|em|i|hr|p|h3|small)[^>]{0,200}>\s*(?:nginx|openresty|Apache(?: Tomcat)?|lighttpd|Microsoft-IIS|Caddy|PHP|Jetty(?:[^<]{0,20})?|WildFly|GlassFish[^<\d]{0,30})\/v?\d+(?:\.\d+)+/i,
  /\b(?:Apache\/\d+\.\d+\.\d+[^<\n]{0,80} Server at |Apache Tomcat\/\d+\.\d+\.\d+|Powered by Jetty:\/\/ ?\d+\.\d+|openresty\/\d+\.\d+\.\d+|lighttpd\/\d+\.\d+\.\d+)/i,
]
/** A server that signs its error pages with its version: the signature (product and number, nothing secret); undefined: none. */
export function serverSignature(text: string): string | undefined {
  for (const pattern of VERSIONS) {
    const match = pattern.exec(text.slice(0, 65_536))
    if (match !== null) return /[A-Za-z][\w -]{0,60}:?\/{1,2} ?v?\d+(?:\.\d+)+/.exec(match[0])?.[0].slice(0, 60)
  }
  return undefined
}

const PRIVATE_V4 = /(?<![\d.\w-])(?:10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2})(?![\d.\w]|\.\d)/
const INTERNAL_NAME = /\b(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,20}(?:internal|intranet|corp|lan|svc\.cluster\.local|docker\.internal)(?![\w.-])/i

const octets = (address: string): boolean => address.split('.').every((one) => Number(one) <= 255)

/**
 * A name or address that only means something inside: a private address, a name below an internal suffix, or one of the declared backends.
 * @param backends `nocodb:8080`, as the target writes them
 */
export function internalName(text: string, backends: readonly string[] = []): string | undefined {
  const address = PRIVATE_V4.exec(text)?.[0]
  if (address !== undefined && octets(address)) return `the private address ${address}`
  const name = INTERNAL_NAME.exec(text)?.[0]
  if (name !== undefined) return `the internal name ${name.slice(0, 80)}`
  const backend = backends.find((one) => /^[\w.-]+:\d+$/.test(one) && !one.startsWith('localhost') && text.includes(one))
  return backend === undefined ? undefined : `the backend ${backend}`
}
