import { defineCheck } from '../../helpers/check.ts'
import { inconclusive } from '../../helpers/verdict.ts'
import { authFailures } from '../../helpers/probes/auth.ts'
import { curlLogin, eachFlow, flowOf, hasLogin, sameAnswers, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/enumeration',
  title: 'A refused login does not tell whether the account exists',
  failureTitle: 'A refused login tells whether the account exists',
  why: 'Whoever can ask which names have an account needs to guess only passwords, and knows whom to write to.',
  source: 'OWASP ASVS 6.3.8; WSTG-IDNT-04',
  severity: 'medium',
  codes: {
    'auth.enumeration.status': {
      meaning: 'Unknown names are refused with another status, or sent elsewhere, than wrong passwords.',
      fix: 'Answer both alike.',
    },
    'auth.enumeration.body': {
      meaning: 'Unknown names are refused in other words than wrong passwords.',
      fix: 'Say the same to both: name or password is wrong.',
    },
    'auth.enumeration.timing': {
      meaning: 'Wrong passwords of existing accounts take another time than unknown names.',
      fix: 'Compare with the hash of a made-up password where the account does not exist.',
    },
  },
  options: {},
  subjects: eachFlow(hasLogin),
  unless: undeclared('login'),
  needs: (subject, target) => ({ seen: authFailures(flowOf(subject), target) }),
  judge: ({ seen }) => {
    const usable = (answers: typeof seen.wrong) => answers.filter(({ failure, obstacle }) => failure === undefined && obstacle === undefined)
    const [wrong, unknown] = [usable(seen.wrong), usable(seen.unknown)]
    if (wrong.length === 0 || unknown.length === 0) return unanswered([...seen.wrong, ...seen.unknown]) ?? inconclusive('unobserved', 'no login was refused')
    if (seen.wrongUsable || seen.unknownUsable) return inconclusive('unobserved', 'logins that must be refused are not: auth/login-wrong-rejected says how')
    return sameAnswers(wrong, unknown, { status: 'auth.enumeration.status', body: 'auth.enumeration.body', timing: 'auth.enumeration.timing' })
  },
  reproduce: curlLogin,
  covers: ['A47', 'E6'],
})
