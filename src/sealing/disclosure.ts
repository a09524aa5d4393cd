/** Which parts of a request a record shows, which it only commits to, and the hash of the whole request. */
import { canonicalize, hashOf, utf8, type Json } from '../canonical/index.ts';
import { DISCLOSED_MAX_BYTES, hashOfRequest, type ActionRequest, type JsonObject } from '../contract/index.ts';
import { commitment, saltFor, saltPath } from './commitment.ts';

/**
 * The most bytes of per-leaf commitments in a record. Beyond it there is one commitment per section, so that the envelope fits into the
 * log.
 */
export const COMMITMENTS_MAX_BYTES = 8 * 1024;

const SECTIONS = ['resource', 'params', 'context'] as const;

/** Names that are written plainly in a path. All others are written as `["…"]`, so that a path is unambiguous. */
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;

export interface Disclosure {
  /** Path to value, in clear. */
  disclosed: JsonObject;
  /** Path to `sha256:…`, see {@link commitment}. */
  commitments: Record<string, string>;
}

interface Leaf {
  section: (typeof SECTIONS)[number];
  path: string;
  value: Json;
}

/**
 * `sha256:` of the canonical request without `callback`, with `content` replaced by its commitment (contract section 2).
 *
 * @throws CanonicalError when the request is not JSON, as when a member is undefined
 */
export function requestHash(request: ActionRequest, actionKey: Uint8Array): string {
  if (!('callback' in request || 'content' in request)) return hashOfRequest(request);
  const { callback: _callback, content, ...rest } = request;
  return hashOf(content === undefined ? rest : { ...rest, content: contentCommitment(content, actionKey) });
}

/** The commitment that stands for `content` as a whole, in the request's hash and in the record. */
export function contentCommitment(content: JsonObject, actionKey: Uint8Array): string {
  return commitment(saltFor(actionKey, 'content'), 'content', content);
}

/**
 * What a record shows of `resource`, `params` and `context`: the disclosed paths in clear, leaf by leaf, and a salted commitment for
 * every other leaf; of `content`, one commitment for the whole.
 *
 * Leaves are taken in the order of their paths. Disclosed values beyond {@link DISCLOSED_MAX_BYTES} are committed. Where the
 * commitments need more than {@link COMMITMENTS_MAX_BYTES}, each section that has any gets one over the whole of it instead.
 *
 * @param disclose dotted paths, compared name by name; a path covers all that is below it
 * @param seq of the record among its action's; each record has different salts
 */
export function discloseRequest(
  request: ActionRequest,
  disclose: readonly string[],
  actionKey: Uint8Array,
  seq = 0,
): Disclosure {
  const disclosed: [string, Json][] = [];
  const hidden: Leaf[] = [];
  let shownBytes = 0;
  for (const leaf of leavesOf(request)) {
    const bytes = disclose.some((path) => covers(path, leaf.path)) ? memberBytes(leaf.path, leaf.value) : Infinity;
    if (shownBytes + bytes > DISCLOSED_MAX_BYTES) {
      hidden.push(leaf);
    } else {
      shownBytes += bytes;
      disclosed.push([leaf.path, leaf.value]);
    }
  }
  const commitments = commitLeaves(request, hidden, actionKey, seq);
  if (request.content !== undefined) commitments['content'] = contentCommitment(request.content, actionKey);
  return { disclosed: Object.fromEntries(disclosed), commitments };
}

/** The disclosed values of a request, leaf by leaf, however many. */
export const disclosedLeaves = (request: ActionRequest, disclose: readonly string[]): JsonObject =>
  Object.fromEntries(
    leavesOf(request)
      .filter((leaf) => disclose.some((path) => covers(path, leaf.path)))
      .map(({ path, value }) => [path, value]),
  );

function commitLeaves(
  request: ActionRequest,
  hidden: readonly Leaf[],
  actionKey: Uint8Array,
  seq: number,
): Record<string, string> {
  const commit = (path: string, value: Json): [string, string] => [
    path,
    commitment(saltFor(actionKey, saltPath(path, seq)), path, value),
  ];
  let bytes = 0;
  for (const { path } of hidden) bytes += memberBytes(path, '') + 'sha256:'.length + 64;
  if (bytes <= COMMITMENTS_MAX_BYTES) return Object.fromEntries(hidden.map(({ path, value }) => commit(path, value)));
  const sections = SECTIONS.filter((name) => hidden.some(({ section }) => section === name));
  return Object.fromEntries(sections.map((name) => commit(name, request[name] as Json)));
}

function memberBytes(name: string, value: Json): number {
  return utf8(canonicalize({ [name]: value })).length;
}

/** Every value below the sections that is not an object with members, in the order of the paths. Arrays are whole. */
function leavesOf(request: ActionRequest): Leaf[] {
  const leaves: Leaf[] = [];
  const walk = (section: Leaf['section'], path: string, value: Json): void => {
    const members = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
    if (members.length === 0) leaves.push({ section, path, value });
    for (const [name, below] of members) {
      walk(section, PLAIN_NAME.test(name) ? `${path}.${name}` : `${path}[${canonicalize(name)}]`, below);
    }
  };
  for (const section of SECTIONS) {
    const value = request[section] as Json | undefined;
    // Refuses cyclic values before walking them.
    if (value !== undefined && canonicalize(value) !== '') walk(section, section, value);
  }
  return leaves.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Whether a disclosed path covers another one: it is the same, or above it. */
export function covers(disclosed: string, path: string): boolean {
  return path === disclosed || path.startsWith(`${disclosed}.`) || path.startsWith(`${disclosed}[`);
}
