/** What of autocannon 9 is used here; its published types are those of version 7. */
declare module 'autocannon' {
  import type { EventEmitter } from 'node:events'

  export interface Client extends EventEmitter {
    destroy(): void
    readonly reqsMade: number
    readonly responseMax?: number
    /** Sends the next request. */
    _doRequest(): void
    /** Ends the connection, opens another and sends the next request on it. */
    _resetConnection(): void
  }
  interface Options {
    readonly url: string
    readonly connections: number
    /** Requests in all. */
    readonly amount: number
    /** Seconds without an answer. */
    readonly timeout: number
    readonly method: string
    readonly headers: Readonly<Record<string, string>>
    readonly body?: string
    readonly servername?: string
    readonly tlsOptions?: Readonly<Record<string, unknown>>
    /** Milliseconds between looks at whether it is done. */
    readonly sampleInt: number
    readonly setupClient: (client: Client) => void
  }
  function autocannon(options: Options, done: (error: Error | null) => void): EventEmitter
  export default autocannon
}
