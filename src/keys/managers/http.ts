/** JSON over HTTPS, as Google Cloud KMS and Vault speak it. */
import { CALL_MS } from './types.ts';

export interface JsonAnswer {
  status: number;
  /** An empty object where the answer is not JSON. */
  body: Record<string, unknown>;
}

/** @throws what `fetch` throws; an error status is returned, not thrown. No redirect is followed: a token goes with the call. */
export async function askJson(
  url: URL,
  headers: Record<string, string>,
  body?: Record<string, unknown>,
): Promise<JsonAnswer> {
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { ...headers, accept: 'application/json', 'content-type': 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(CALL_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const parsed: unknown = await response.json().catch(() => null);
  const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  return { status: response.status, body: isObject ? (parsed as Record<string, unknown>) : {} };
}

/** Base64 text in an answer; empty where the field is not text. */
export function bytesOf(value: unknown): Uint8Array {
  return typeof value === 'string' ? new Uint8Array(Buffer.from(value, 'base64')) : new Uint8Array(0);
}
