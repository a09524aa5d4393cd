/** Tokens of a configured issuer that no door may believe, whatever is asked with them. */
import { exportJWK, SignJWT, UnsecuredJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { untyped } from './untyped.ts';

interface Pair {
  publicKey: CryptoKey;
  privateKey: CryptoKey;
}

export interface ForgeOptions {
  issuer: string;
  /** Now, in seconds since the epoch. */
  seconds: number;
  /** Seconds by which times are wrong: a little more than the skew that is allowed, or enough for a slow machine. */
  edge: number;
  /** The issuer's key, published under the id `k1`; and one that is nobody's. */
  pair: Pair;
  stranger: Pair;
  jwk: JWK;
}

/** What hostile tokens are made with. */
export interface Forge extends ForgeOptions {
  /** Claims that count. */
  good: JWTPayload;
  sign(claims?: object, header?: object, key?: CryptoKey): Promise<string>;
}

export function createForge(options: ForgeOptions): Forge {
  const { issuer, seconds, pair } = options;
  const good = { iss: issuer, aud: 'countersign', sub: 'app', iat: seconds - 60, exp: seconds + 300 };
  return {
    ...options,
    good,
    sign: (claims = {}, header = {}, key = pair.privateKey) =>
      new SignJWT({ ...good, ...claims }).setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header }).sign(key),
  };
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** What is wrong with it, and how it is made. */
export const HOSTILE_TOKENS: [string, (it: Forge) => Promise<string>][] = [
  ['no signature', async (it) => new UnsecuredJWT(it.good).encode()],
  ['alg none under a kid', async (it) => (await it.sign()).replace(/^[^.]+/, part({ alg: 'none', kid: 'k1' }))],
  ['a cut signature', async (it) => (await it.sign()).slice(0, -4)],
  ['changed claims', async (it) => (await it.sign()).replace(/\.[^.]+\./, `.${part({ ...it.good, sub: 'root' })}.`)],
  ['a stranger’s key under our kid', (it) => it.sign({}, {}, it.stranger.privateKey)],
  ['a stranger’s key under another kid', (it) => it.sign({}, { kid: 'k2' }, it.stranger.privateKey)],
  [
    'a shared secret',
    async (it) =>
      new SignJWT(it.good)
        .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
        .sign(new TextEncoder().encode(JSON.stringify(it.jwk))),
  ],
  [
    'a key in the header',
    async (it) => it.sign({}, { jwk: await exportJWK(it.stranger.publicKey) }, it.stranger.privateKey),
  ],
  ['a key’s address in the header', (it) => it.sign({}, { jku: 'https://evil.test/keys' })],
  ['certificates in the header', (it) => it.sign({}, { x5c: ['MIIB'] })],
  ['certificates’ address in the header', (it) => it.sign({}, { x5u: 'https://evil.test/c' })],
  [
    'a critical header',
    async (it) => (await it.sign()).replace(/^[^.]+/, part({ alg: 'ES256', kid: 'k1', crit: ['x'], x: 1 })),
  ],
  ['another issuer', (it) => it.sign({ iss: 'https://evil.test' })],
  ['another issuer by a slash', (it) => it.sign({ iss: `${it.issuer}/` })],
  ['another issuer by case', (it) => it.sign({ iss: it.issuer.toUpperCase() })],
  ['no issuer', (it) => it.sign({ iss: undefined })],
  ['another audience', (it) => it.sign({ aud: 'other' })],
  ['our audience among others', (it) => it.sign({ aud: ['countersign', 'other'] })],
  ['no audience', (it) => it.sign({ aud: undefined })],
  ['an empty audience', (it) => it.sign({ aud: [] })],
  ['its end past', (it) => it.sign({ exp: it.seconds - it.edge })],
  ['its end as text', (it) => it.sign({ exp: untyped(`${it.seconds + 300}`) })],
  ['no end', (it) => it.sign({ exp: undefined })],
  ['its beginning ahead', (it) => it.sign({ nbf: it.seconds + it.edge })],
  ['issued ahead', (it) => it.sign({ iat: it.seconds + it.edge })],
  ['too old', (it) => it.sign({ iat: it.seconds - 3600 - it.edge })],
  ['no time of issue', (it) => it.sign({ iat: undefined })],
  ['no subject', (it) => it.sign({ sub: undefined })],
  ['an empty subject', (it) => it.sign({ sub: '' })],
  ['a subject with a space', (it) => it.sign({ sub: 'a b' })],
  ['a subject that cannot be seen', (it) => it.sign({ sub: 'a\u200b' })],
  ['a subject that is a lone surrogate', (it) => it.sign({ sub: '\ud800' })],
  ['a subject that is a list', (it) => it.sign({ sub: untyped(['app']) })],
  ['an actor that is text', (it) => it.sign({ act: 'agent:x' })],
  ['an actor that is a list', (it) => it.sign({ act: [{ sub: 'x' }] })],
  ['an actor without a name', (it) => it.sign({ act: {} })],
  ['an actor that is its own subject', (it) => it.sign({ sub: 'a', act: { sub: 'b', act: { sub: 'b' } } })],
  [
    'actors five deep',
    (it) => it.sign({ act: { sub: '1', act: { sub: '2', act: { sub: '3', act: { sub: '4', act: { sub: '5' } } } } } }),
  ],
  ['details that are no list', (it) => it.sign({ authorization_details: { type: 'countersign' } })],
  ['details that bound nothing', (it) => it.sign({ authorization_details: [{ type: 'countersign' }] })],
  ['more than is looked at', (it) => it.sign({ pad: 'x'.repeat(9000) })],
  ['two tokens', async (it) => `${await it.sign()} ${await it.sign()}`],
  ['four parts', async (it) => `${await it.sign()}.x`],
];
