import { defineConfig } from 'vitest/config'

// `self`: our own tests, offline. The live entry (suites/verify.test.ts) is started by the CLI with its own configuration (cli/runner.ts).
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'self',
          include: ['**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', 'suites/verify.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
    ],
    fsModuleCache: false,
    maxWorkers: 2,
  },
})
