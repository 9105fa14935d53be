/** Everything that looks at a login in front of hosts. */
export type { Answer } from './auth/exchange.ts'
export {
  type Guarded,
  gatewayAnonymous,
  gatewayProvider,
  gatewaySession,
  gatewaysOf,
  gatewayUpstream,
  leadsAway,
  type Sending,
} from './auth/gateway.ts'
