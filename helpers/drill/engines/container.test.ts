/** Ways to a Docker that are not gone are refused with the way that is. */
import { afterEach, expect, test, vi } from 'vitest'
import { prepareImage } from './container.ts'

afterEach(() => vi.unstubAllEnvs())

test('over ssh the forwarding is told; TLS without its folder names the folder', async () => {
  vi.stubEnv('DOCKER_HOST', 'ssh://docker.example.com')
  await expect(prepareImage('postgres:15', 'never', 0)).rejects.toMatchObject({
    name: 'EngineError',
    kind: 'missing',
    message: expect.stringMatching(/ssh -nNT -L 127\.0\.0\.1:2375:\/var\/run\/docker\.sock HOST\) and set DOCKER_HOST=tcp:\/\/127\.0\.0\.1:2375$/),
  })
  vi.stubEnv('DOCKER_HOST', 'tcp://docker.example.com:2376')
  vi.stubEnv('DOCKER_TLS_VERIFY', '1')
  vi.stubEnv('DOCKER_CERT_PATH', undefined)
  await expect(prepareImage('postgres:15', 'never', 0)).rejects.toMatchObject({ kind: 'missing', message: expect.stringContaining('DOCKER_CERT_PATH') })
})
