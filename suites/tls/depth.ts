/** Checks that ask with many connections or odd bytes, and so only with `--depth full`. */
import { hostOf, type Subject } from '../../helpers/check.ts'
import { helloBytes, type TlsHelloRequest } from '../../helpers/probes/tls-hello.ts'
import { bytesFor } from '../../helpers/reproduce.ts'
import { isFullDepth, type Target } from '../../helpers/target.ts'
import { tlsHosts } from './shared.ts'

export const hostsInFullDepth = (target: Target): readonly Subject[] => (isFullDepth(target) ? tlsHosts(target) : [])
export const onlyInFullDepth = { skip: 'not-selected', reason: 'asked only with --depth full' } as const

/** A hello and more bytes after it, as a line for the shell; `shown`: see `bytesFor`. */
export const showBytes =
  (make: (host: string) => { readonly request: TlsHelloRequest; readonly after: Uint8Array; readonly shown: 'last' | 'count' }) =>
  (subject: Subject, target: Target): string => {
    const { fqdn } = hostOf(subject)
    const { request, after, shown } = make(fqdn)
    return bytesFor(target, fqdn, Buffer.concat([helloBytes(request, new Uint8Array(32).fill(0x70)), after]), 443, undefined, shown)
  }
