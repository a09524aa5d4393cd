/** Salted commitments: a value can be shown later to one person, and nobody can guess it from the record (docs/formats.md). */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { canonicalBytes, concatBytes, equalBytes, hashOf, sha256, toHex, utf8, type Json } from '../canonical/index.ts';
import { DISCLOSED_MAX_BYTES, type ActionRequest, type JsonObject } from '../contract/index.ts';

const DOMAIN = utf8('countersign.commitment/v1');
const SALT_DOMAIN = utf8('countersign.salt/v1');

const lengthOf = (bytes: Uint8Array): Uint8Array => {
  const out = new Uint8Array(4);
  out.set([bytes.length >>> 24, (bytes.length >>> 16) & 255, (bytes.length >>> 8) & 255, bytes.length & 255]);
  return out;
};

const framed = (...parts: readonly Uint8Array[]): Uint8Array =>
  concatBytes(...parts.flatMap((part) => [lengthOf(part), part]));

/** The salt of one path: 32 bytes of HMAC-SHA256 under the action's key, so that opening one path opens no other. */
export function saltFor(actionKey: Uint8Array, path: string): Uint8Array {
  return hmac(nobleSha256, actionKey, framed(SALT_DOMAIN, utf8(path)));
}

/** `sha256:` of domain, salt, path and canonical value, each led by its length in four bytes, big-endian. */
export function commitment(salt: Uint8Array, path: string, value: Json): string {
  return `sha256:${toHex(sha256(framed(DOMAIN, salt, utf8(path), canonicalBytes(value))))}`;
}

/** True when the salt opens the commitment at this path to this value. */
export function openCommitment(committed: string, salt: Uint8Array, path: string, value: Json): boolean {
  return equalBytes(utf8(commitment(salt, path, value)), utf8(committed));
}

/** The commitment that stands for `content` as a whole. */
export const contentCommitment = (content: JsonObject, actionKey: Uint8Array): string =>
  commitment(saltFor(actionKey, 'content'), 'content', content);

/**
 * `sha256:` of the canonical request without `callback`, with `content` replaced by its commitment (contract section 2).
 */
export function requestHash(request: ActionRequest, actionKey: Uint8Array): string {
  const { callback: _callback, content, ...rest } = request;
  return hashOf(content === undefined ? rest : { ...rest, content: contentCommitment(content, actionKey) });
}

/** The leaves of an object by dotted path; arrays and empty objects are leaves. */
function leaves(prefix: string, value: Json, into: [string, Json][]): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0) {
    for (const [key, child] of Object.entries(value)) leaves(`${prefix}.${key}`, child, into);
  } else into.push([prefix, value]);
}

const covers = (disclosed: string, path: string): boolean => path === disclosed || path.startsWith(`${disclosed}.`);

/**
 * What a record shows of a request: the values of the disclosed paths in clear, everything else of resource, params and context as
 * salted commitments, and `content` as one. Beyond 32 KiB in all, and for whole objects, values are committed, not shown.
 */
export function discloseRequest(
  request: ActionRequest,
  disclose: readonly string[],
  actionKey: Uint8Array,
): { disclosed: JsonObject; commitments: Record<string, string> } {
  const all: [string, Json][] = [];
  for (const part of ['resource', 'params', 'context'] as const) {
    const value = request[part];
    if (value !== undefined) leaves(part, value as Json, all);
  }
  const shown: [string, Json][] = [];
  const commitments: [string, string][] = [];
  let bytes = 0;
  for (const [path, value] of all) {
    const size = canonicalBytes(value).length + path.length;
    if (disclose.some((one) => covers(one, path)) && bytes + size <= DISCLOSED_MAX_BYTES) {
      bytes += size;
      shown.push([path, value]);
    } else commitments.push([path, commitment(saltFor(actionKey, path), path, value)]);
  }
  if (request.content !== undefined) commitments.push(['content', contentCommitment(request.content, actionKey)]);
  return { disclosed: Object.fromEntries(shown), commitments: Object.fromEntries(commitments) };
}
