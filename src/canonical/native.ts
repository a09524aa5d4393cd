/**
 * SHA-256, HMAC and base64 of Node.js, several times faster than the same in JavaScript. Browsers and Temporal's sandbox lack them.
 */

interface Crypto {
  hash(algorithm: 'sha256', data: Uint8Array, encoding: 'buffer'): Uint8Array;
  createHmac(algorithm: 'sha256', key: Uint8Array): { update(data: Uint8Array): { digest(): Uint8Array } };
}

type Encoding = 'base64' | 'base64url';

interface Encoded {
  toString(encoding: Encoding): string;
}

interface Buffers {
  Buffer: {
    from(bytes: ArrayBufferLike, offset: number, length: number): Encoded;
    from(text: string, encoding: Encoding): Uint8Array & Encoded;
  };
}

interface Builtins {
  getBuiltinModule?(id: 'node:crypto'): Partial<Crypto>;
  getBuiltinModule?(id: 'node:buffer'): Buffers;
}

const { getBuiltinModule } = (globalThis as { process?: Builtins }).process ?? {};
const crypto = getBuiltinModule?.('node:crypto');
const buffers = getBuiltinModule?.('node:buffer');

/** Null where only JavaScript is available. */
export const nativeSha256: ((bytes: Uint8Array) => Uint8Array) | null =
  crypto?.hash === undefined ? null : (bytes) => new Uint8Array((crypto as Crypto).hash('sha256', bytes, 'buffer'));

/** As {@link nativeSha256}. */
export const nativeHmac: ((key: Uint8Array, message: Uint8Array) => Uint8Array) | null =
  crypto?.createHmac === undefined
    ? null
    : (key, message) => new Uint8Array((crypto as Crypto).createHmac('sha256', key).update(message).digest());

/** As {@link nativeSha256}. */
export const nativeBase64: ((bytes: Uint8Array, encoding: Encoding) => string) | null =
  buffers === undefined
    ? null
    : ({ buffer, byteOffset, byteLength }, encoding) =>
        buffers.Buffer.from(buffer, byteOffset, byteLength).toString(encoding);

/** Bytes of a text in its canonical spelling; null for every other text, and where only JavaScript is available. */
export function nativeFromBase64(text: string, encoding: Encoding): Uint8Array | null {
  if (buffers === undefined) return null;
  // Node.js skips characters that it does not know, so the result is encoded again and compared.
  const bytes = buffers.Buffer.from(text, encoding);
  return bytes.toString(encoding) === text ? new Uint8Array(bytes) : null;
}
