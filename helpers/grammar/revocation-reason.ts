/** CRLReason (RFC 5280 §5.3.1), which lists and OCSP responses share. */
const REASONS: readonly string[] = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  '(7)',
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
]
/** Its name; a number that has none stays one, in brackets. */
export const revocationReason = (code: number | bigint): string => REASONS[Number(code)] ?? `(${code})`
