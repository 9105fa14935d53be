/** How soon a channel must end after its session, in milliseconds: a check of the session that runs every few seconds is usual. */
export const CLOSES_WITHIN_MS = 5_000
