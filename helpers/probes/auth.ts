/** Everything that looks at sign-in. */
export type { Answer, SeenCookie } from './auth/exchange.ts'
export {
  type Flowing,
  flowsOf,
  hostOfUrl,
  type LoginSeen,
  mainLogin,
  authGate,
  authFailures,
  type FailuresSeen,
  authRefresh,
  authConcurrent,
  authLogout,
  type TokenFacts,
  type RefreshSeen,
} from './auth/flow.ts'
export { authKeys, jwtAttacks, authExpiry, type AttackGroup, type AttacksSeen } from './auth/tokens.ts'
export {
  authForgot,
  authPolicy,
  authPasswordChange,
  authCsrf,
  authInvalid,
  authAllowList,
  authDead,
  authApiKey,
  authClient,
  authAuthorize,
  authStart,
  authCode,
  type CodeSeen,
} from './auth/actions.ts'
