import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { alert, message, record, serverFlight, serverHello, ssl2ServerHello } from '../../fixtures/servers/server-flight.ts'
import { hugeMessage, recut } from '../../fixtures/servers/scripted-tls.ts'
import type { ServerFlight } from '../observations.ts'
import { FlightReader, readServerFlight } from './tls-records.ts'

/** First flights of real servers, as they came: nginx 1.22, Node 24, `openssl s_server` 3.0. */
const CAPTURED = {
  nginx12: Buffer.from(
    `FgMDAE4CAABKAwMJqIkrPfP5soEunviWdijb6yN1bamHCw820wXrWrwB2QDAKwAAIv8BAAEAAAAAAAALAAQDAAECACMAAAAQAAUAAwJoMgAXAAAWAwMBjwsAAYsAAYgAAYUwggGBMIIBJ6ADAgECAh
    RYJ7dIILymu/BAwNGpS854BorATjAKBggqhkjOPQQDAjAWMRQwEgYDVQQDDAtleGFtcGxlLmNvbTAeFw0yNjExMjExMjU2MTRaFw0zNjExMTgxMjU2MTRaMBYxFDASBgNVBAMMC2V4YW1wbGUuY29t
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjbYrchEvwmF/Bq0WCPWaNR4RSfaRKp80e7Q7XZ2rkRFDJYNNbsxu0JqRTx04y/9+s1+8R0a7Pgh1JqBcBbyDKqNTMFEwHQYDVR0OBBYEFDb+tQ5rqC
    yuuzxbtrwdREe43SKuMB8GA1UdIwQYMBaAFDb+tQ5rqCyuuzxbtrwdREe43SKuMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhANTD6pIeNn1i5OXwlVi7ITaRE5nwD3nlUYYHUIQC
    XAPLAiBTISpdmjHgfwlBf5UrwkPZOnKuSq9BUODWhMj7sdCXfRYDAwBzDAAAbwMAHSBSWpj1mMjV29wjfbkERS7XksYasYVt7NCtnjM9Oe1ZGQQDAEcwRQIgYJ7+kF6/FYDz/J6GsuTFuLODtVa0NF
    NPwEeInS7kHL8CIQD6a2qKJKHmXAIej5EZsXgiZdeiE+Pxqtst1vlvbOb3XhYDAwAEDgAAAA==`,
    'base64',
  ),
  staple: Buffer.from(
    `FgMDAFgCAABUAwOBz6X9lhlNlEc1XCKeGTUJTzrpqaEj2O9ET1dOR1JEASC5/yqfiQaOIkrBO/znxc7zEzsSvFHAOO/rMw4k3o0bC8ArAAAMAAsABAMAAQIABQAAFgMDAY8LAAGLAAGIAAGFMIIBgT
    CCASegAwIBAgIUWCe3SCC8prvwQMDRqUvOeAaKwE4wCgYIKoZIzj0EAwIwFjEUMBIGA1UEAwwLZXhhbXBsZS5jb20wHhcNMjYxMTIxMTI1NjE0WhcNMzYxMTE4MTI1NjE0WjAWMRQwEgYDVQQDDAtl
    eGFtcGxlLmNvbTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABI22K3IRL8JhfwatFgj1mjUeEUn2kSqfNHu0O12dq5ERQyWDTW7MbtCakU8dOMv/frNfvEdGuz4IdSagXAW8gyqjUzBRMB0GA1UdDg
    QWBBQ2/rUOa6gsrrs8W7a8HURHuN0irjAfBgNVHSMEGDAWgBQ2/rUOa6gsrrs8W7a8HURHuN0irjAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQDUw+qSHjZ9YuTl8JVYuyE2kROZ
    8A955VGGB1CEAlwDywIgUyEqXZox4H8JQX+VK8JD2TpyrkqvQVDg1oTI+7HQl30WAwMAGBYAABQBAAAQYW4gT0NTUCByZXNwb25zZRYDAwCVDAAAkQMAF0EEwD+QyNkQmKnpp6Xfqa16LfWwWB2XB+
    KyVqMVWh/Zmdh/qKLwEJsW1hfeenLA4V6cASO8VYX/1GU5dK8HGKn2sAQDAEgwRgIhALcZEE/GgWzvnpeCdDHG21AmJLU8v7qkP6AML5q5wQTXAiEAuBxd/zof/YvKudrky4uu82nrIIEcNDnck+0l
    V9H7qyEWAwMABA4AAAA=`,
    'base64',
  ),
  retry: Buffer.from(
    `FgMDAFgCAABUAwPPIa105ZphEb4djAIeZbiRwqIRFnq7jF4HngniyKgznCDaJ5gVTgxqg9J/ywUG9qrfID+PMa9Xg4sxJ3oURx9g0BMBAAAMACsAAgMEADMAAgAdFAMDAAEB`,
    'base64',
  ),
  noderetry: Buffer.from(
    `FgMDAFgCAABUAwPPIa105ZphEb4djAIeZbiRwqIRFnq7jF4HngniyKgznCC6Tgc16G9QP8G502ll5Ab/FWKwS9QLfdcCAB9cULSUWhMBAAAMACsAAgMEADMAAgAdFAMDAAEB`,
    'base64',
  ),
  tls13: Buffer.from(
    `FgMDAJsCAACXAwMmVj2r83S+UiiVxRlLIKejaXZkdz+1z+W/FFOF6wlDOyCjN05KFYwMatrrEXrcKxgLUwpmrDBd4vQkAkprtqiW8xMBAABPACsAAgMEADMARQAXAEEE6Yq09WhLsv5sQI8GCATCha
    yrpDelU8vkWl+co0C6+saZCO0SYpEkk+OkKNr5ZX+5TsuYklzR5gu626EbeA0fow==`,
    'base64',
  ),
  alert: Buffer.from(`FQMDAAICKA==`, 'base64'),
  ecdhe10: Buffer.from(
    `FgMBAFQCAABQAwHXT/yIzEiH6avQH/NGIq9fNje199ghJiJET1dOR1JEACD3GX8tT5Ldivb59Vs3WGi0AvZy3qUO8uFMqgwz1V9A/cAKAAAIAAsABAMAAQIWAwEBjwsAAYsAAYgAAYUwggGBMIIBJ6
    ADAgECAhRYJ7dIILymu/BAwNGpS854BorATjAKBggqhkjOPQQDAjAWMRQwEgYDVQQDDAtleGFtcGxlLmNvbTAeFw0yNjExMjExMjU2MTRaFw0zNjExMTgxMjU2MTRaMBYxFDASBgNVBAMMC2V4YW1w
    bGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjbYrchEvwmF/Bq0WCPWaNR4RSfaRKp80e7Q7XZ2rkRFDJYNNbsxu0JqRTx04y/9+s1+8R0a7Pgh1JqBcBbyDKqNTMFEwHQYDVR0OBBYEFD
    b+tQ5rqCyuuzxbtrwdREe43SKuMB8GA1UdIwQYMBaAFDb+tQ5rqCyuuzxbtrwdREe43SKuMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhANTD6pIeNn1i5OXwlVi7ITaRE5nwD3nl
    UYYHUIQCXAPLAiBTISpdmjHgfwlBf5UrwkPZOnKuSq9BUODWhMj7sdCXfRYDAQBxDAAAbQMAHSAF5yjMJO5sD4MRabS3WEHESdozHQBWsnU546CXwtb7OwBHMEUCIAP5mF16gwbwKql0CSMHkAAzNe
    psOtP2kmu58zZYprZLAiEA1FYSJx7fcxmdRnSAhjj2GKYd5UDNTUM7U8VrgtGyQEIWAwEABA4AAAA=`,
    'base64',
  ),
  request12: Buffer.from(
    `FgMDAEECAAA9AwPLpQTeBtDYE0ECQj0mfLoZjHHuK/g82IxET1dOR1JEAQDAKwAAFf8BAAEAAAsABAMAAQIAIwAAABcAABYDAwGPCwABiwABiAABhTCCAYEwggEnoAMCAQICFFgnt0ggvKa78EDA0a
    lLzngGisBOMAoGCCqGSM49BAMCMBYxFDASBgNVBAMMC2V4YW1wbGUuY29tMB4XDTI2MTEyMTEyNTYxNFoXDTM2MTExODEyNTYxNFowFjEUMBIGA1UEAwwLZXhhbXBsZS5jb20wWTATBgcqhkjOPQIB
    BggqhkjOPQMBBwNCAASNtityES/CYX8GrRYI9Zo1HhFJ9pEqnzR7tDtdnauREUMlg01uzG7QmpFPHTjL/36zX7xHRrs+CHUmoFwFvIMqo1MwUTAdBgNVHQ4EFgQUNv61DmuoLK67PFu2vB1ER7jdIq
    4wHwYDVR0jBBgwFoAUNv61DmuoLK67PFu2vB1ER7jdIq4wDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA1MPqkh42fWLk5fCVWLshNpETmfAPeeVRhgdQhAJcA8sCIFMhKl2aMeB/
    CUF/lSvCQ9k6cq5Kr0FQ4NaEyPux0Jd9FgMDAHMMAABvAwAdIPzxkOrRcS+Z5BMmVnLezpLoqFb1YEgt/Zs+0xnIvdoNBAMARzBFAiEAzNkhP1ZVWfHdRKaJIN04snoI+9FRkRKWUa5Qjl1yKLMCIA
    KfCZO8alGKeMn9qfDkHyJflguKScnQFwCSQx5oiIxmFgMDAFQNAABQAwECQAAuBAMFAwYDCAcICAgJCAoICwgECAUIBgQBBQEGAQMDAgMDAQIBAwICAgQCBQIGAgAaABgwFjEUMBIGA1UEAwwLZXhh
    bXBsZS5jb20WAwMABA4AAAA=`,
    'base64',
  ),
  request10: Buffer.from(
    `FgMBAFQCAABQAwE99LC7omBymQ/Bu3Jf+I1gKw9dh17Hgm1ET1dOR1JEACDQUd6QQm9flKkiJCRCU7PIulAXqIujbi8FTCdtgm5ImsAJAAAIAAsABAMAAQIWAwEBjwsAAYsAAYgAAYUwggGBMIIBJ6
    ADAgECAhRYJ7dIILymu/BAwNGpS854BorATjAKBggqhkjOPQQDAjAWMRQwEgYDVQQDDAtleGFtcGxlLmNvbTAeFw0yNjExMjExMjU2MTRaFw0zNjExMTgxMjU2MTRaMBYxFDASBgNVBAMMC2V4YW1w
    bGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjbYrchEvwmF/Bq0WCPWaNR4RSfaRKp80e7Q7XZ2rkRFDJYNNbsxu0JqRTx04y/9+s1+8R0a7Pgh1JqBcBbyDKqNTMFEwHQYDVR0OBBYEFD
    b+tQ5rqCyuuzxbtrwdREe43SKuMB8GA1UdIwQYMBaAFDb+tQ5rqCyuuzxbtrwdREe43SKuMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhANTD6pIeNn1i5OXwlVi7ITaRE5nwD3nl
    UYYHUIQCXAPLAiBTISpdmjHgfwlBf5UrwkPZOnKuSq9BUODWhMj7sdCXfRYDAQByDAAAbgMAHSDEXehm3GliIQiAcNslRbGsVoAVob9cHTi0fJgHlPn5dQBIMEYCIQCVJmJTsjT9sFdgsXjugvjr6x
    03FxrbnONr3ISDiq3WqgIhAMYU1gzhRANa14fo/0VpASL1kZ4vaQyAN34jxedlc3jKFgMBACQNAAAgAwECQAAaABgwFjEUMBIGA1UEAwwLZXhhbXBsZS5jb20WAwEABA4AAAA=`,
    'base64',
  ),
  dhe12: Buffer.from(
    `FgMDADkCAAA1AwNU/GaebWCM7id5gCI5enfd2X+68e4Xar1ET1dOR1JEAQAAngAADf8BAAEAACMAAAAXAAAWAwMCFgsAAhIAAg8AAgwwggIIMIIBcaADAgECAhQI2t9zSYK3D7Td/I2TD6X3EC18IT
    ANBgkqhkiG9w0BAQsFADAWMRQwEgYDVQQDDAtleGFtcGxlLmNvbTAeFw0yNjExMjExMjU2MTRaFw0zNjExMTgxMjU2MTRaMBYxFDASBgNVBAMMC2V4YW1wbGUuY29tMIGfMA0GCSqGSIb3DQEBAQUA
    A4GNADCBiQKBgQDBOOxVx1pbm2b3xN3AmykBt+KOQXe8Z6FEKrJcV2eypRx4BxSw3XqplTYfSHDt3obF23vJOyTpkySQR0QPdkMnk5Akdy2SMBpr7tRsZSIN6IT/NYtMQR64kHZT3QQmGTO3mUk7XR
    hR6MoIjEfZRc+Q3IrSY4gaF0RveuV4Wl8n7wIDAQABo1MwUTAdBgNVHQ4EFgQUIWxJ6QYDy251SKKj0LQtNr0sF6swHwYDVR0jBBgwFoAUIWxJ6QYDy251SKKj0LQtNr0sF6swDwYDVR0TAQH/BAUw
    AwEB/zANBgkqhkiG9w0BAQsFAAOBgQBmasmZU0KGwaw860wtT4TD2wtwRmuk0rONOvqlrqS4yFh3IW7SpGYf1hCIMcVRP64dpJ3qLo+6w3+5Eg86+JyrW8N+/pJr+XtcuRriandwsJIXKxUun5Kk8M
    D0PPvhj0IV5dTXImeulWL+uv1dfilQGEKq2U9EhAgoyT0UNyl5IRYDAwGPDAABiwCA///////////JD9qiIWjCNMTGYouA3BzRKQJOCIpnzHQCC76mOxObIlFKCHmONATd75UZs806QxswKwpt8l8U
    N0/hNW1tUcJF5IW1dmJefsb0TELppjftawv/XLb0Brft7jhr+1qJn6WunyQRfEsf5kkoZlHs5lOB//////////8AAQIAgM3ArGekJT+E6SI3rl1H8qPpPQiC14nPWjYXymmJg03tpNiz3NfmQ/0E5b
    eiIqyx99kWTurNF8Fw457YhnlpcdUrNhKXBlqRgBDnz6QRGkvAjeC5LXBfVZJOgfPNFwMOHY2///aqIlWkFD5t3wDC7POSF+3msQKwpvcRze8gWhV+CAQAgL4JJhL6LnXzfFRmq2YVB5i3NYprZFwr
    TdlvbpJ34TjJbXXEPVjwSPb9fg9e3BXBjBT9A5/2tqx25muCnQdLKvZ1pnidui55eaa4pUOZt21NVfKooSYb8vi5FEre/ag+il07y8Jva795WbUDFHYFnC0Ao6QMi0WakMLNUEOynuf1FgMDAAQOAA
    AA`,
    'base64',
  ),
  dhe10: Buffer.from(
    `FgMBAEoCAABGAwGtEjf1w/CWmAmPfG+cYgB4XpS4CquKjS9ET1dOR1JEACDqvynEbK2WfDGND4JRECt4pl/rRkGDR/u4sOMASafWvgA5ABYDAQIWCwACEgACDwACDDCCAggwggFxoAMCAQICFAja33
    NJgrcPtN38jZMPpfcQLXwhMA0GCSqGSIb3DQEBCwUAMBYxFDASBgNVBAMMC2V4YW1wbGUuY29tMB4XDTI2MTEyMTEyNTYxNFoXDTM2MTExODEyNTYxNFowFjEUMBIGA1UEAwwLZXhhbXBsZS5jb20w
    gZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJAoGBAME47FXHWlubZvfE3cCbKQG34o5Bd7xnoUQqslxXZ7KlHHgHFLDdeqmVNh9IcO3ehsXbe8k7JOmTJJBHRA92QyeTkCR3LZIwGmvu1GxlIg3ohP81i0
    xBHriQdlPdBCYZM7eZSTtdGFHoygiMR9lFz5DcitJjiBoXRG965XhaXyfvAgMBAAGjUzBRMB0GA1UdDgQWBBQhbEnpBgPLbnVIoqPQtC02vSwXqzAfBgNVHSMEGDAWgBQhbEnpBgPLbnVIoqPQtC02
    vSwXqzAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUAA4GBAGZqyZlTQobBrDzrTC1PhMPbC3BGa6TSs406+qWupLjIWHchbtKkZh/WEIgxxVE/rh2kneouj7rDf7kSDzr4nKtbw37+kmv5e1
    y5GuJqd3CwkhcrFS6fkqTwwPQ8++GPQhXl1NciZ66VYv66/V1+KVAYQqrZT0SECCjJPRQ3KXkhFgMBAY0MAAGJAID//////////8kP2qIhaMI0xMZii4DcHNEpAk4IimfMdAILvqY7E5siUUoIeY40
    BN3vlRmzzTpDGzArCm3yXxQ3T+E1bW1RwkXkhbV2Yl5+xvRMQummN+1rC/9ctvQGt+3uOGv7Womfpa6fJBF8Sx/mSShmUezmU4H//////////wABAgCAqBJMIbLZeo97bVc5FveIiK6F4aVush5hU/
    BBMxmSG9bs9++Zu4Kk9PjdzXg27DmM5llKCuO+MItpIHUePjp7WvEXSHcQhi6iN22839yTaAOmnTcVb4L25Wjbl6nyWtCitIyE3NabnOIl5/LzIvb7r+o/aCpkyX+p/kGarYTiQzQAgIRGIKOLeSTz
    mN0eqyY259g+5CFs4Zd4GU3nG+ScDpFgNysIBalnQI0zzQizc6vpprZdrJshZEmGPdMVnw5k5e3SfH4KCCo7b9zj/hQ0mapcSISKuGniUwTr9tsfk/aza2ztrHV+tlt6AhMGSpY7OXtqj8ZBOiMK0x
    I+JjE9s5SgFgMBAAQOAAAA`,
    'base64',
  ),
  adh12: Buffer.from(
    `FgMDADkCAAA1AwOKMn9LDVKMr2udFEnZhjdX+seyKUqiV+dET1dOR1JEAQAApgAADf8BAAEAACMAAAAXAAAWAwMBCwwAAQcAgP//////////yQ/aoiFowjTExmKLgNwc0SkCTgiKZ8x0Agu+pjsTmy
    JRSgh5jjQE3e+VGbPNOkMbMCsKbfJfFDdP4TVtbVHCReSFtXZiXn7G9ExC6aY37WsL/1y29Aa37e44a/taiZ+lrp8kEXxLH+ZJKGZR7OZTgf//////////AAECAIC4vUWYx52YAQhvhrMWKmuemqyr
    HGuP21wY4fJtI6r6pWqLcktGCIRx2ZCIhflihEIXfpp9jyNcm0Ecgj6GItE6hWPvjRz9JBndQVqWXUtViFuuTM4lFnbvXvzUAx8WLyBe05bsdYBUxy+W3fYHntH+h1GVV3tkZ6E7m0fEQ8VhoRYDAw
    AEDgAAAA==`,
    'base64',
  ),
  aecdh10: Buffer.from(
    `FgMBAFQCAABQAwGrH76KYIdyui5RzeEY48GtXEvFl/b2drRET1dOR1JEACC0lx42Ipxn9ts8PeKWXF4eey1wkl/v0ozYr43cyTG2/MAZAAAIAAsABAMAAQIWAwEAKAwAACQDAB0gC38znyOeX5nf3L
    PL+vqJFr9Gj4G6jtQtEUT97UhfuUAWAwEABA4AAAA=`,
    'base64',
  ),
} as const

const flightOf = (bytes: Uint8Array): ServerFlight => {
  const reading = readServerFlight(bytes)
  if (!reading.ok) throw new Error(reading.error)
  return reading.value
}
const errorOf = (bytes: Uint8Array): string | undefined => {
  const reading = readServerFlight(bytes)
  return reading.ok ? undefined : reading.error
}
const sha256 = (bytes: Uint8Array | undefined): string =>
  createHash('sha256')
    .update(bytes ?? Buffer.alloc(0))
    .digest('hex')
/** `openssl x509 -fingerprint -sha256` of what the servers had been given. */
const EC = 'c22892378bd01bbdc2d076c462d26eda57324ffca9d52efc1e7dfe7a2ea8d5d9'
const RSA = '4cc794f11a93e433aea38229920f97801c6e7c661eb7d21e652073a850ffa9f0'
const handshake = (...messages: readonly Buffer[]): Buffer => record(22, 0x0303, Buffer.concat(messages))
const HELLO = serverHello({ version: 0x0303, cipher: 0xc02b })
const DONE = message(14, Buffer.alloc(0))
const types = ({ hello }: ServerFlight): readonly number[] => hello?.extensions.map(({ type }) => type) ?? []

describe('flights of real servers', () => {
  test('nginx, TLS 1.2: every field', () => {
    const flight = flightOf(CAPTURED.nginx12)
    expect(flight).toMatchObject({
      hello: { version: 0x0303, cipher: 0xc02b, compression: 0, retry: false },
      certificateCount: 1,
      certificateBytes: 395,
      keyExchange: { kind: 'ecdhe', group: 29, signature: 0x0403 },
      complete: true,
    })
    expect(types(flight)).toEqual([0xff01, 0, 11, 35, 16, 23])
    expect(flight.hello?.extensions[4]?.data).toEqual(new Uint8Array(Buffer.from('\0\x03\x02h2', 'latin1')))
    expect(flight.certificates.map(sha256)).toEqual([EC])
    expect(flight.hello).not.toHaveProperty('group')
    expect(flight).not.toHaveProperty('certificateRequest')
    expect(flight).not.toHaveProperty('ocspStaple')
    expect(flight).not.toHaveProperty('alert')
  })
  test('Node, with an OCSP response stapled', () => {
    expect(Buffer.from(flightOf(CAPTURED.staple).ocspStaple ?? []).toString()).toBe('an OCSP response')
  })
  test.each(['retry', 'noderetry'] as const)('HelloRetryRequest: %s', (name) => {
    const flight = flightOf(CAPTURED[name])
    expect(flight).toMatchObject({ hello: { version: 0x0304, cipher: 0x1301, retry: true, group: 29 }, certificateCount: 0, complete: true })
    expect(flight.hello?.sessionId).toHaveLength(32)
  })
  test('TLS 1.3 shows its ServerHello and nothing else', () => {
    expect(flightOf(CAPTURED.tls13)).toMatchObject({ hello: { version: 0x0304, cipher: 0x1301, retry: false, group: 23 }, certificates: [], complete: true })
  })
  test('an alert', () => {
    expect(flightOf(CAPTURED.alert)).toEqual({
      certificates: [],
      certificateCount: 0,
      certificateBytes: 0,
      complete: false,
      alert: { level: 2, description: 40 },
    })
  })
  test('a request for a client certificate, in the form of TLS 1.2 and in that of TLS 1.0', () => {
    expect(flightOf(CAPTURED.request12)).toMatchObject({ hello: { version: 0x0303 }, certificateRequest: { types: [1, 2, 64], authorities: 1 } })
    expect(flightOf(CAPTURED.request10)).toMatchObject({ hello: { version: 0x0301 }, certificateRequest: { types: [1, 2, 64], authorities: 1 } })
  })
  test('finite-field Diffie-Hellman: signed with a scheme in TLS 1.2, without one in TLS 1.0, not at all where anonymous', () => {
    for (const [name, cipher, signature] of [
      ['dhe12', 0x009e, 0x0804],
      ['dhe10', 0x0039, undefined],
      ['adh12', 0x00a6, undefined],
    ] as const) {
      const { hello, keyExchange, certificates } = flightOf(CAPTURED[name])
      if (keyExchange?.kind !== 'dhe') throw new Error(`${name}: ${keyExchange?.kind}`)
      expect(hello?.cipher).toBe(cipher)
      expect([keyExchange.prime.length, keyExchange.publicValue.length, keyExchange.signature]).toEqual([128, 128, signature])
      expect(Buffer.from(keyExchange.prime.subarray(0, 12)).toString('hex')).toBe('ffffffffffffffffc90fdaa2')
      expect(certificates.map(sha256)).toEqual(name === 'adh12' ? [] : [RSA])
    }
  })
  test('elliptic curves in TLS 1.0, signed and anonymous', () => {
    expect(flightOf(CAPTURED.ecdhe10)).toMatchObject({ hello: { version: 0x0301, cipher: 0xc00a }, keyExchange: { kind: 'ecdhe', group: 29 } })
    expect(flightOf(CAPTURED.aecdh10)).toMatchObject({ hello: { cipher: 0xc019 }, keyExchange: { kind: 'ecdhe', group: 29 }, certificateCount: 0 })
    expect(flightOf(CAPTURED.aecdh10).keyExchange).not.toHaveProperty('signature')
  })
})

describe('what no server of today says', () => {
  test('the temporary RSA key of an export suite', () => {
    const modulus = Buffer.concat([Buffer.from([0, 0x80]), Buffer.alloc(63, 1)])
    const flight = serverFlight({
      version: 0x0300,
      cipher: 0x0003,
      extensions: [],
      certificates: [Buffer.alloc(9, 0x30)],
      keyExchange: { kind: 'rsa-export', modulus },
    })
    expect(flightOf(flight)).toMatchObject({ hello: { version: 0x0300 }, keyExchange: { kind: 'rsa-export', bits: 512 }, certificateCount: 1, complete: true })
  })
  test('SSL 2.0: SERVER-HELLO, whole or not', () => {
    const hello = ssl2ServerHello([0x010080, 0x020080], Buffer.alloc(300, 7))
    expect(flightOf(hello)).toMatchObject({ ssl2: { kinds: [0x010080, 0x020080], certificateBytes: 300 }, complete: true })
    for (let cut = 0; cut < hello.length; cut += 1) expect(flightOf(hello.subarray(0, cut))).toMatchObject({ complete: false, certificates: [] })
    expect(flightOf(hello.subarray(0, 100))).not.toHaveProperty('ssl2')
  })
  test('SSL 2.0: ERROR is a refusal where it is one of the four there are, and else no TLS', () => {
    for (const code of [1, 2, 4, 6]) expect(flightOf(Buffer.from([0x80, 3, 0, 0, code]))).toMatchObject({ alert: { level: 2, description: 40 } })
    for (const rubbish of [
      [0x80, 3, 0, 0, 9],
      [0x80, 3, 0, 1, 1],
      [0x80, 4, 0, 0, 1, 0],
      [0xff, 0xff, 0, 0, 1],
      [0x80, 3, 7],
    ])
      expect(errorOf(Buffer.from(rubbish))).toBe('the answer is not TLS')
  })
  test('SSL 2.0: sizes that do not add up, another version', () => {
    const good = ssl2ServerHello([0x010080], Buffer.alloc(3))
    for (const at of [6, 8, 10, 12]) {
      const bad = Buffer.from(good)
      bad[at] = (bad[at] as number) + 1
      expect(errorOf(bad)).toBe('the SSL 2.0 SERVER-HELLO is malformed')
    }
  })
  test('GREASE and numbers nobody knows', () => {
    const flight = serverFlight({ version: 0x0303, cipher: 0xdada, extensions: [{ type: 0xaaaa, data: Buffer.from([1]) }], keyExchange: { kind: 'ecdhe' } })
    expect(flightOf(flight)).toMatchObject({ hello: { cipher: 0xdada, extensions: [{ type: 0xaaaa }] }, keyExchange: { kind: 'unread' }, complete: true })
  })
})

describe('alerts', () => {
  const warning = (description: number): Buffer => alert(description, { level: 1 })
  test('a warning is read over; the last one stays', () => {
    expect(flightOf(Buffer.concat([warning(112), CAPTURED.nginx12]))).toMatchObject({
      hello: { cipher: 0xc02b },
      alert: { level: 1, description: 112 },
      complete: true,
    })
  })
  test('sixteen warnings are borne, more are an attack', () => {
    const sixteen = Buffer.concat(Array.from({ length: 16 }, () => warning(112)))
    expect(flightOf(Buffer.concat([sixteen, CAPTURED.nginx12])).complete).toBe(true)
    expect(errorOf(Buffer.concat([sixteen, warning(112), CAPTURED.nginx12]))).toBe('endless warning alerts')
  })
  test('a fatal alert ends it, also after a ServerHello, also close_notify', () => {
    const taken = flightOf(Buffer.concat([handshake(HELLO), alert(40), handshake(DONE)]))
    expect(taken).toMatchObject({ hello: { cipher: 0xc02b }, alert: { level: 2, description: 40 }, complete: false })
    expect(flightOf(Buffer.concat([warning(0), handshake(HELLO)]))).not.toHaveProperty('hello')
  })
  test('cut over two records and joined in one', () => {
    expect(flightOf(Buffer.concat([record(21, 0x0303, Buffer.from([2])), record(21, 0x0303, Buffer.from([70]))]))).toMatchObject({
      alert: { level: 2, description: 70 },
    })
    expect(flightOf(record(21, 0x0303, Buffer.from([1, 112, 2, 40])))).toMatchObject({ alert: { level: 2, description: 40 } })
    expect(flightOf(record(21, 0x0303, Buffer.from([2])))).not.toHaveProperty('alert')
  })
  test('a level that is none', () => {
    expect(errorOf(record(21, 0x0303, Buffer.from([7, 40])))).toBe('an alert has the level 7')
  })
})

describe('what no client goes on with is an error, never half a fact', () => {
  const ext = (type: number, ...data: readonly number[]) => ({ type, data: Buffer.from(data) })
  const hello = (...extensions: readonly { type: number; data: Buffer }[]): Buffer => handshake(serverHello({ version: 0x0303, cipher: 0xc02b, extensions }))
  const request = (...bytes: readonly number[]): Buffer => handshake(HELLO, message(13, Buffer.from(bytes)))
  test.each<[string, Buffer, string]>([
    ['plain HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'the answer is not TLS'],
    ['one byte of it', Buffer.from('H'), 'the answer is not TLS'],
    ['a record of a version that is none', Buffer.from([22, 2]), 'the answer is not TLS'],
    ['a record that is too long', Buffer.from([22, 3, 3, 0x48, 1]), 'the answer is not TLS'],
    ['rubbish after the first record', Buffer.concat([handshake(HELLO), Buffer.from('rubbish')]), 'what follows the first records is not TLS'],
    ['rubbish after a warning', Buffer.concat([alert(112, { level: 1 }), Buffer.from('rubbish')]), 'what follows the first records is not TLS'],
    ['ChangeCipherSpec first', record(20, 0x0303, Buffer.from([1])), 'the flight begins with a record of type 20'],
    ['application data first', record(23, 0x0303, Buffer.alloc(40)), 'the flight begins with a record of type 23'],
    ['a certificate before the hello', handshake(message(11, Buffer.alloc(3))), 'handshake message 11 came before ServerHello'],
    ['ServerHelloDone alone', handshake(DONE), 'handshake message 14 came before ServerHello'],
    ['two hellos', handshake(HELLO, serverHello({ version: 0x0300, cipher: 5 })), 'handshake message 2 came twice'],
    ['two lists of certificates', handshake(HELLO, message(11, Buffer.alloc(3)), message(11, Buffer.alloc(3))), 'handshake message 11 came twice'],
    ['a hello that is cut short', handshake(message(2, HELLO.subarray(4, 40))), 'ServerHello is malformed'],
    ['a hello with bytes after it', handshake(message(2, Buffer.concat([HELLO.subarray(4), Buffer.from([0])]))), 'ServerHello is malformed'],
    ['a session id of 33 bytes', handshake(serverHello({ version: 0x0303, cipher: 5, sessionId: Buffer.alloc(33) })), 'ServerHello is malformed'],
    ['SSL 4.0', handshake(message(2, Buffer.concat([Buffer.from([4, 0]), HELLO.subarray(6)]))), 'ServerHello is malformed'],
    ['TLS 1.3 in the wrong place', handshake(message(2, Buffer.concat([Buffer.from([3, 4]), HELLO.subarray(6)]))), 'ServerHello is malformed'],
    ['an old version in supported_versions', hello(ext(43, 3, 2)), 'ServerHello is malformed'],
    ['supported_versions of three bytes', hello(ext(43, 3, 4, 0)), 'ServerHello is malformed'],
    ['an extension twice', hello(ext(23), ext(23)), 'ServerHello is malformed'],
    [
      'a retry without TLS 1.3',
      handshake(serverHello({ version: 0x0303, cipher: 5, extensions: [], random: CAPTURED.retry.subarray(11, 43) })),
      'ServerHello is malformed',
    ],
    ['an empty certificate', handshake(HELLO, message(11, Buffer.from([0, 0, 3, 0, 0, 0]))), 'the Certificate message is malformed'],
    ['a list that says more', handshake(HELLO, message(11, Buffer.from([0, 0, 9, 0, 0, 1, 5]))), 'the Certificate message is malformed'],
    ['a certificate that says more', handshake(HELLO, message(11, Buffer.from([0, 0, 4, 0, 0, 2, 5]))), 'the Certificate message is malformed'],
    ['a request cut short', request(1, 1), 'CertificateRequest is malformed'],
    ['a request whose authority says more', request(1, 1, 0, 2, 4, 3, 0, 3, 0, 9, 1), 'CertificateRequest is malformed'],
    ['a ServerHelloDone with something in it', handshake(HELLO, message(14, Buffer.from([1]))), 'ServerHelloDone is malformed'],
    ['a message of 16 MB', Buffer.concat([handshake(HELLO), hugeMessage(16_777_215, 0)]), 'a handshake message says it has 16777215 bytes'],
  ])('%s', (_, bytes, error) => {
    expect(errorOf(bytes)).toBe(error)
  })
  test('a key exchange that does not end where it says is not read', () => {
    const curve = (...rest: readonly number[]): ServerFlight['keyExchange'] => flightOf(handshake(HELLO, message(12, Buffer.from(rest)))).keyExchange
    expect(curve(3, 0, 29, 1, 9, 4, 3, 0, 1, 7)).toEqual({ kind: 'ecdhe', group: 29, signature: 0x0403 })
    for (const bad of [
      [],
      [3],
      [3, 0, 29],
      [3, 0, 29, 0],
      [3, 0, 29, 2, 9],
      [1, 0, 29, 1, 9],
      [3, 0, 29, 1, 9, 4],
      [3, 0, 29, 1, 9, 4, 3, 0, 2, 7],
      [3, 0, 29, 1, 9, 4, 3, 0, 0, 7],
    ])
      expect(curve(...bad), bad.join()).toEqual({ kind: 'unread' })
  })
  test('a stapled response that does not fit its message is none', () => {
    for (const bad of [[], [1], [1, 0, 0, 0], [1, 0, 0, 2, 9], [2, 0, 0, 1, 9], [1, 0, 0, 1, 9, 9]])
      expect(flightOf(handshake(HELLO, message(22, Buffer.from(bad)))), bad.join()).not.toHaveProperty('ocspStaple')
  })
  test('HelloRequest and messages nobody knows are read over', () => {
    expect(flightOf(handshake(message(0, Buffer.alloc(0)), HELLO, message(99, Buffer.alloc(5)), message(99, Buffer.alloc(5)), DONE)).complete).toBe(true)
  })
})

describe('bounds', () => {
  const thousand = serverFlight({ version: 0x0303, cipher: 0x009c, certificates: Array.from({ length: 1_000 }, (_, index) => Buffer.alloc(40, index + 1)) })
  test('of a thousand certificates a hundred are kept, all are counted', () => {
    const flight = flightOf(recut(thousand.subarray(0, -9), 9_000))
    expect([flight.certificates.length, flight.certificateCount, flight.certificateBytes]).toEqual([100, 1_000, 43_003])
  })
  const step = (bytes: Buffer): Buffer => Buffer.concat(Array.from({ length: 1_000 }, () => bytes))
  test.each<[string, Buffer, Buffer, string]>([
    ['empty handshake records', Buffer.alloc(0), record(22, 0x0303, Buffer.alloc(0)), 'endless empty records'],
    ['empty alerts', Buffer.alloc(0), record(21, 0x0303, Buffer.alloc(0)), 'endless empty records'],
    ['warnings', handshake(HELLO), alert(100, { level: 1 }), 'endless warning alerts'],
    ['HelloRequests', Buffer.alloc(0), handshake(message(0, Buffer.alloc(0))), 'the first flight is longer than 4 MiB'],
    ['messages nobody knows', handshake(HELLO), handshake(message(99, Buffer.alloc(100))), 'the first flight is longer than 4 MiB'],
    [
      'one message byte by byte',
      Buffer.concat([handshake(HELLO), hugeMessage(4_000_000, 0)]),
      record(22, 0x0303, Buffer.alloc(1)),
      'the first flight is longer than 4 MiB',
    ],
  ])('endless %s are ended, with little memory', (_, start, again, error) => {
    const reader = new FlightReader()
    reader.add(start)
    const many = step(again)
    let fed = 0
    while (!reader.done && fed < 64 * 1024 * 1024) {
      reader.add(many)
      fed += many.length
    }
    expect(reader.reading()).toEqual({ ok: false, error })
    expect(fed).toBeLessThan(4 * 1024 * 1024 + 2 * many.length)
  })

  /** What is copied and how often anything is looked at, counted where it happens. */
  function work(act: () => void): { readonly copied: number; readonly views: number } {
    const prototype = Uint8Array.prototype
    const { set, slice, subarray } = prototype
    let copied = 0
    let views = 0
    prototype.set = function (this: Uint8Array, from: ArrayLike<number>, at?: number) {
      copied += from.length
      set.call(this, from, at)
    }
    prototype.slice = function (this: Uint8Array, from?: number, to?: number) {
      const piece = slice.call(this, from, to)
      copied += piece.length
      return piece
    }
    prototype.subarray = function (this: Uint8Array, from?: number, to?: number) {
      views += 1
      return subarray.call(this, from, to)
    }
    try {
      act()
    } finally {
      Object.assign(prototype, { set, slice, subarray })
    }
    return { copied, views }
  }
  test.each([1, 7, 1_000, 70_000])('work is linear in the bytes that come, in pieces of %i and records of any size', (piece) => {
    const certificates = Array.from({ length: 30 }, () => Buffer.alloc(2_000, 3))
    const body = Buffer.concat(certificates.map((one) => Buffer.concat([Buffer.from([0, one.length >> 8, one.length]), one])))
    const list = message(11, Buffer.concat([Buffer.from([body.length >> 16, body.length >> 8, body.length]), body]))
    const all = Buffer.concat([HELLO, list, DONE])
    for (const size of [1, 100, 16_384]) {
      const records = Array.from({ length: Math.ceil(all.length / size) }, (_, index) => record(22, 0x0303, all.subarray(index * size, (index + 1) * size)))
      const bytes = Buffer.concat(records)
      const pieces = Array.from({ length: Math.ceil(bytes.length / piece) }, (_, index) => bytes.subarray(index * piece, (index + 1) * piece))
      const reader = new FlightReader()
      const { copied, views } = work(() => {
        for (const one of pieces) reader.add(one)
      })
      expect(reader.reading()).toMatchObject({ ok: true, value: { certificateCount: 30, complete: true } })
      expect(copied / bytes.length).toBeLessThan(8)
      expect(views).toBeLessThan(6 * (pieces.length + records.length) + 1_000)
    }
  })
})

describe('arbitrary bytes', () => {
  /** How many of each; `FUZZ_RUNS=200000` for a long look. */
  const numRuns = Number(process.env['FUZZ_RUNS'] ?? 3_000)
  const timeout = 60_000 + numRuns * 5
  const corpus = [
    ...Object.values(CAPTURED),
    recut(CAPTURED.nginx12, 100),
    recut(CAPTURED.dhe12, 100_000),
    serverFlight({
      version: 0x0300,
      cipher: 0x0003,
      extensions: [],
      certificates: [Buffer.alloc(9, 0x30), Buffer.alloc(5, 0x31)],
      keyExchange: { kind: 'rsa-export', modulus: Buffer.alloc(64, 0xff) },
    }),
    ssl2ServerHello([0x010080, 0x020080], Buffer.alloc(30, 7)),
    Buffer.from([0x80, 3, 0, 0, 1]),
    Buffer.concat([alert(112, { level: 1 }), CAPTURED.nginx12]),
    Buffer.concat([handshake(HELLO), alert(40)]),
    Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
  ]
  const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 40 })
  const piecesOf = (bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] => {
    const pieces: Uint8Array[] = []
    let at = 0
    for (const size of sizes) {
      if (at >= bytes.length) break
      pieces.push(bytes.subarray(at, at + size))
      at += size
    }
    pieces.push(bytes.subarray(at))
    return pieces
  }
  /** The handshake bytes before the first record that is neither handshake nor alert: another reader than the one under test. */
  const streamOf = (bytes: Buffer): Buffer => {
    const parts: Buffer[] = []
    for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) {
      if (bytes[at] === 22) parts.push(bytes.subarray(at + 5, at + 5 + bytes.readUInt16BE(at + 3)))
      else if (bytes[at] !== 21) break
    }
    return Buffer.concat(parts)
  }
  /** All that must be true of any reading of any bytes. */
  function hold(bytes: Buffer, sizes: readonly number[]): void {
    const whole = readServerFlight(bytes)
    const reader = new FlightReader()
    for (const piece of piecesOf(bytes, sizes)) reader.add(piece)
    expect(reader.reading()).toEqual(whole)
    if (!whole.ok) {
      expect(whole.error).not.toBe('')
      return
    }
    const { hello, certificates, certificateCount, certificateBytes, alert: said, ssl2, complete } = whole.value
    const stream = streamOf(bytes)
    if (hello !== undefined) {
      let at = 0
      while (stream[at] === 0) at += 4 + stream.readUIntBE(at + 1, 3)
      expect(stream[at]).toBe(2)
      const session = stream[at + 38] as number
      expect(hello.cipher).toBe(stream.readUInt16BE(at + 39 + session))
      const selected = hello.extensions.find(({ type }) => type === 43)?.data
      expect(hello.version).toBe(selected === undefined ? stream.readUInt16BE(at + 4) : Buffer.from(selected).readUInt16BE(0))
      for (const { data } of hello.extensions) expect(stream.includes(Buffer.from(data))).toBe(true)
    } else expect([certificateCount, complete && ssl2 === undefined && said === undefined]).toEqual([0, false])
    expect(certificates.length).toBe(Math.min(100, certificateCount))
    let sum = 3 + 3 * certificateCount
    for (const one of certificates) {
      expect(stream.includes(Buffer.from(one))).toBe(true)
      sum += one.length
    }
    if (certificateCount > 0 && certificateCount <= 100) expect(certificateBytes).toBe(sum)
    if (said !== undefined && ssl2 === undefined && bytes[0] !== 0x80) expect(bytes.includes(said.description)).toBe(true)
    // What is done cannot be changed by anything that comes later.
    if (reader.done) {
      reader.add(CAPTURED.dhe12)
      expect(reader.reading()).toEqual(whole)
    }
  }

  test('are read without a throw, the same however they are cut', { timeout }, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), cuts, (bytes, sizes) => hold(Buffer.from(bytes), sizes)),
      { numRuns },
    )
  })

  test('inside records and handshake messages, likewise', { timeout }, () => {
    const body = fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from(bytes))
    const part = fc.oneof(
      fc.tuple(fc.constantFrom(0, 2, 11, 12, 13, 14, 22, 99), body).map(([type, bytes]) => handshake(message(type, bytes))),
      fc.tuple(fc.constantFrom(20, 21, 22, 23, 24), body).map(([type, bytes]) => record(type, 0x0303, bytes)),
      fc.constantFrom(handshake(HELLO), handshake(DONE), alert(112, { level: 1 }), alert(40), record(22, 0x0303, Buffer.alloc(0))),
      fc.tuple(fc.constantFrom(11, 12, 13, 22), body).map(([type, bytes]) => handshake(HELLO, message(type, bytes))),
      fc.array(body, { maxLength: 5 }).map((list) => {
        const joined = Buffer.concat(list.map((one) => Buffer.concat([Buffer.from([0, 0, one.length]), one])))
        return handshake(message(11, Buffer.concat([Buffer.from([0, joined.length >> 8, joined.length]), joined])))
      }),
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), cuts, (parts, sizes) => hold(Buffer.concat(parts), sizes)),
      { numRuns },
    )
  })

  test('real flights with bytes changed, put in, taken out, cut off and spliced, likewise', { timeout }, () => {
    const change = fc.record({
      how: fc.constantFrom('flip', 'set', 'insert', 'delete', 'truncate', 'splice', 'length'),
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      size: fc.integer({ min: 1, max: 40 }),
      value: fc.integer({ min: 0, max: 255 }),
      other: fc.nat(corpus.length - 1),
    })
    const changed = (bytes: Buffer, { how, at, size, value, other }: { how: string; at: number; size: number; value: number; other: number }): Buffer => {
      // Half of all changes are in the first bytes, where the lengths are.
      const place = Math.floor((value % 2 === 0 ? at : at * at * at) * bytes.length)
      const copy = Buffer.from(bytes)
      switch (how) {
        case 'flip':
          if (place < copy.length) copy[place] = (copy[place] as number) ^ (1 << (value % 8))
          return copy
        case 'set':
          if (place < copy.length) copy[place] = value
          return copy
        case 'length':
          if (place + 1 < copy.length) copy.writeUInt16BE((copy.readUInt16BE(place) + value - 128) & 0xffff, place)
          return copy
        case 'insert':
          return Buffer.concat([copy.subarray(0, place), Buffer.alloc(size, value), copy.subarray(place)])
        case 'delete':
          return Buffer.concat([copy.subarray(0, place), copy.subarray(place + size)])
        case 'truncate':
          return copy.subarray(0, place)
        default: {
          const from = corpus[other] as Buffer
          return Buffer.concat([copy.subarray(0, place), from.subarray(Math.floor(at * from.length))])
        }
      }
    }
    fc.assert(
      fc.property(fc.nat(corpus.length - 1), fc.array(change, { minLength: 1, maxLength: 4 }), cuts, (index, changes, sizes) =>
        hold(changes.reduce(changed, corpus[index] as Buffer), sizes),
      ),
      { numRuns },
    )
  })

  test('many cuts of every real flight, and many of its beginnings', () => {
    for (const bytes of corpus.slice(0, -1))
      for (let cut = 0; cut <= bytes.length; cut += cut < 150 ? 1 : 19) {
        hold(Buffer.from(bytes), [Math.max(1, cut)])
        hold(Buffer.from(bytes.subarray(0, cut)), [])
      }
  })
})
