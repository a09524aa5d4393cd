/** An authenticator in software: real keys, and the encodings of WebAuthn level 3 and CTAP 2 as a browser passes them on. */
import { createHash, randomBytes, sign, type KeyObject } from 'node:crypto';
import { keyPair } from './key-pair.ts';

type Cbor = number | string | Buffer | Map<number | string, Cbor> | Record<string, never>;

/** CBOR (RFC 8949), as much of it as an attestation object has: integers, bytes, text and maps. */
export function cbor(value: Cbor): Buffer {
  const head = (major: number, count: number): Buffer => {
    if (count < 24) return Buffer.of((major << 5) | count);
    if (count < 256) return Buffer.of((major << 5) | 24, count);
    return Buffer.of((major << 5) | 25, count >> 8, count & 0xff);
  };
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return Buffer.concat([head(5, entries.length), ...entries.flatMap(([key, one]) => [cbor(key), cbor(one)])]);
}

const FLAG = { present: 0x01, verified: 0x04, attested: 0x40 };
const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest();
const b64 = (data: Buffer): string => data.toString('base64url');

export interface Creation {
  challenge: string;
  rp: { id: string };
  excludeCredentials?: { id: string }[];
}

export interface Assertion {
  id: string;
  rawId: string;
  type: 'public-key';
  response: { clientDataJSON: string; authenticatorData: string; signature: string };
  clientExtensionResults: object;
}

export interface AuthenticatorOptions {
  algorithm?: 'ES256' | 'EdDSA';
  /** The page's, not what a server would like. */
  origin: string;
  /** Signature counter to begin with; null for one that has none. */
  counter?: number | null;
}

/** What an attacker, or a bad authenticator, does otherwise. */
export interface Deviation {
  origin?: string;
  rpId?: string;
  /** False: nobody touched it, or gave their fingerprint. */
  present?: boolean;
  verified?: boolean;
  type?: string;
  challenge?: string;
  crossOrigin?: boolean;
}

export class SoftAuthenticator {
  readonly credentialId = randomBytes(32);
  counter: number | null;
  readonly #origin: string;
  readonly #algorithm: 'ES256' | 'EdDSA';
  readonly #privateKey: KeyObject;
  readonly #jwk: { x: string; y?: string };

  constructor({ algorithm = 'ES256', origin, counter = 0 }: AuthenticatorOptions) {
    this.#origin = origin;
    this.#algorithm = algorithm;
    this.counter = counter;
    const pair = algorithm === 'ES256' ? keyPair('ec') : keyPair('ed25519');
    this.#privateKey = pair.privateKey;
    this.#jwk = pair.publicKey.export({ format: 'jwk' }) as { x: string; y?: string };
  }

  /** Answers `navigator.credentials.create`: `RegistrationResponseJSON`, with attestation `none`. */
  create(options: Creation, deviation: Deviation = {}): object {
    const id = b64(this.credentialId);
    if (options.excludeCredentials?.some((one) => one.id === id) === true) throw new Error('InvalidStateError');
    const length = Buffer.of(this.credentialId.length >> 8, this.credentialId.length & 0xff);
    const attested = Buffer.concat([Buffer.alloc(16), length, this.credentialId, this.#coseKey()]);
    const authData = this.#authenticatorData(options.rp.id, deviation, attested);
    const attestationObject = cbor(
      new Map<string, Cbor>([
        ['fmt', 'none'],
        ['attStmt', {}],
        ['authData', authData],
      ]),
    );
    const clientDataJSON = this.#clientData('webauthn.create', options.challenge, deviation);
    return {
      ...{ id, rawId: id, type: 'public-key', clientExtensionResults: {} },
      response: {
        clientDataJSON: b64(clientDataJSON),
        attestationObject: b64(attestationObject),
        transports: ['internal'],
      },
    };
  }

  /** Answers `navigator.credentials.get`: `AuthenticationResponseJSON`. */
  get(options: { challenge: string; rpId: string }, deviation: Deviation = {}): Assertion {
    const id = b64(this.credentialId);
    const authenticatorData = this.#authenticatorData(options.rpId, deviation);
    const clientData = this.#clientData('webauthn.get', options.challenge, deviation);
    const signed = Buffer.concat([authenticatorData, sha256(clientData)]);
    const signature = sign(this.#algorithm === 'ES256' ? 'sha256' : null, signed, this.#privateKey);
    return {
      ...{ id, rawId: id, type: 'public-key', clientExtensionResults: {} },
      response: {
        clientDataJSON: b64(clientData),
        authenticatorData: b64(authenticatorData),
        signature: b64(signature),
      },
    };
  }

  #clientData(type: string, challenge: string, deviation: Deviation): Buffer {
    const said = { type: deviation.type ?? type, challenge: deviation.challenge ?? challenge };
    const where = { origin: deviation.origin ?? this.#origin, crossOrigin: deviation.crossOrigin ?? false };
    return Buffer.from(JSON.stringify({ ...said, ...where }));
  }

  #authenticatorData(rpId: string, deviation: Deviation, attested?: Buffer): Buffer {
    const flags =
      (deviation.present === false ? 0 : FLAG.present) |
      (deviation.verified === false ? 0 : FLAG.verified) |
      (attested === undefined ? 0 : FLAG.attested);
    if (this.counter !== null) this.counter += 1;
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(this.counter ?? 0);
    return Buffer.concat([sha256(deviation.rpId ?? rpId), Buffer.of(flags), counter, attested ?? Buffer.alloc(0)]);
  }

  /** RFC 9053 section 7. */
  #coseKey(): Buffer {
    const x = Buffer.from(this.#jwk.x, 'base64url');
    const y = this.#jwk.y === undefined ? undefined : Buffer.from(this.#jwk.y, 'base64url');
    const key: [number, Cbor][] =
      y === undefined
        ? [
            [1, 1],
            [3, -8],
            [-1, 6],
            [-2, x],
          ]
        : [
            [1, 2],
            [3, -7],
            [-1, 1],
            [-2, x],
            [-3, y],
          ];
    return cbor(new Map<number | string, Cbor>(key));
  }
}
