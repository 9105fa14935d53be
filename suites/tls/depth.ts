/** Checks that ask with many connections or odd bytes, and so only with `--depth full`. */
import type { Subject } from '../../helpers/check.ts'
import { isFullDepth, type Target } from '../../helpers/target.ts'
import { tlsHosts } from './shared.ts'

export const hostsInFullDepth = (target: Target): readonly Subject[] => (isFullDepth(target) ? tlsHosts(target) : [])
export const onlyInFullDepth = { skip: 'not-selected', reason: 'asked only with --depth full' } as const
