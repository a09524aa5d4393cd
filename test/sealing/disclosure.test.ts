import fc from 'fast-check';
import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  canonicalBytes,
  canonicalize,
  CanonicalError,
  fromHex,
  HASH_PATTERN,
  toHex,
} from '../../src/canonical/index.ts';
import { DISCLOSED_MAX_BYTES, type ActionRequest, type Json } from '../../src/contract/index.ts';
import {
  commitment,
  COMMITMENTS_MAX_BYTES,
  discloseRequest,
  encodeRecord,
  envelopeBytes,
  openCommitment,
  requestHash,
  saltFor,
  signEnvelope,
} from '../../src/sealing/index.ts';
import vectors from '../vectors/requests.json' with { type: 'json' };
import { actionKey, ed25519Signer, request, verdictRecord } from './fixtures.ts';
import { untyped } from '../support/untyped.ts';

const { content: _content, callback: _callback, ...bare } = request;

describe('vectors', () => {
  it.each(vectors.requests)('$name', ({ request, requestHash: hash, disclosed, commitments }) => {
    const value = untyped<ActionRequest>(request);
    expect(requestHash(value, fromHex(vectors.actionKey))).toBe(hash);
    expect(discloseRequest(value, vectors.disclose, fromHex(vectors.actionKey))).toEqual({ disclosed, commitments });
  });
  it.each(vectors.commitments)('commitment at $path', ({ path, value, salt, commitment: committed }) => {
    expect(toHex(saltFor(actionKey, path))).toBe(salt);
    expect(openCommitment(committed, fromHex(salt), path, value as Json)).toBe(true);
  });
});

describe('a commitment', () => {
  const framed = (...parts: (string | Uint8Array)[]): Buffer =>
    Buffer.concat(
      parts.map((part) => {
        const length = Buffer.alloc(4);
        const bytes = Buffer.from(part);
        length.writeUInt32BE(bytes.length);
        return Buffer.concat([length, bytes]);
      }),
    );

  it('is what docs/formats.md says', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (path, value) => {
        const salt = createHmac('sha256', actionKey).update(framed('countersign.salt/v1', path)).digest();
        const hash = createHash('sha256').update(framed('countersign.commitment/v1', salt, path, canonicalize(value)));
        expect(commitment(saltFor(actionKey, path), path, value as Json)).toBe(`sha256:${hash.digest('hex')}`);
      }),
    );
  });
  it('opens to its own path, salt and value only', () => {
    const salt = saltFor(actionKey, 'params.a');
    const committed = commitment(salt, 'params.a', 1);
    expect(openCommitment(committed, salt, 'params.a', 1)).toBe(true);
    expect(openCommitment(committed, salt, 'params.a', '1')).toBe(false);
    expect(openCommitment(committed, salt, 'params.b', 1)).toBe(false);
    expect(openCommitment(committed, saltFor(actionKey, 'params.b'), 'params.a', 1)).toBe(false);
    expect(openCommitment('', salt, 'params.a', 1)).toBe(false);
  });
  it('does not move bytes between path and value', () => {
    const salt = saltFor(actionKey, '');
    expect(commitment(salt, 'a', '"b')).not.toBe(commitment(salt, 'a"', 'b'));
    expect(commitment(salt, 'a1', 2)).not.toBe(commitment(salt, 'a', 12));
  });
});

describe('the request hash', () => {
  it('is that of the canonical request without callback, with its content committed', () => {
    const content = commitment(saltFor(actionKey, 'content'), 'content', request.content ?? {});
    const said = { ...bare, content };
    const hash = createHash('sha256').update(canonicalBytes(said)).digest('hex');
    expect(requestHash(request, actionKey)).toBe(`sha256:${hash}`);
  });
  it('does not know the callback, and knows everything else', () => {
    const hash = requestHash(request, actionKey);
    expect(requestHash({ ...bare, content: request.content }, actionKey)).toBe(hash);
    expect(requestHash(bare, actionKey)).not.toBe(hash);
    expect(requestHash({ ...request, content: { note: 'x' } }, actionKey)).not.toBe(hash);
    expect(requestHash({ ...request, params: { ...request.params, amount: '420.5' } }, actionKey)).not.toBe(hash);
    expect(requestHash(request, new Uint8Array(32))).not.toBe(hash);
  });
  it('has no content when there is none', () => {
    expect(requestHash(bare, actionKey)).toBe(requestHash(bare, new Uint8Array(32)));
  });
  it('is not of what is not JSON', () => {
    expect(() => requestHash({ ...bare, params: { a: untyped(undefined) } }, actionKey)).toThrow(CanonicalError);
  });
});

describe('what a record shows', () => {
  it('is what policy discloses, name by name', () => {
    const params = { amount: 1, amounts: 2, amount_net: 3, deep: { a: { b: 4 }, ab: 5 }, 'deep.a': 6 };
    const { disclosed, commitments } = discloseRequest(
      { ...bare, params },
      ['params.amount', 'params.deep.a'],
      actionKey,
    );
    expect(disclosed).toEqual({ 'params.amount': 1, 'params.deep.a.b': 4 });
    expect(Object.keys(commitments)).toEqual(
      expect.arrayContaining(['params.amounts', 'params.deep.ab', 'params["deep.a"]']),
    );
  });
  it('is nothing of content, whatever is asked for', () => {
    const { disclosed, commitments } = discloseRequest(request, ['content', 'content.note', ''], actionKey);
    expect(disclosed).toEqual({});
    expect(commitments['content']).toMatch(HASH_PATTERN);
  });
  it('accounts for every leaf: what is shown when all is disclosed opens what is committed when nothing is', () => {
    const params = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 });
    fc.assert(
      fc.property(params, (value) => {
        const asked = { ...bare, params: value as Record<string, Json> };
        const shown = discloseRequest(asked, ['resource', 'params', 'context'], actionKey);
        const hidden = discloseRequest(asked, [], actionKey);
        expect([shown.commitments, hidden.disclosed]).toEqual([{}, {}]);
        expect(Object.keys(hidden.commitments).sort()).toEqual(Object.keys(shown.disclosed).sort());
        for (const [path, one] of Object.entries(shown.disclosed)) {
          expect(openCommitment(hidden.commitments[path] ?? '', saltFor(actionKey, path), path, one)).toBe(true);
        }
      }),
    );
  });
  it('does not depend on the order of names', () => {
    const { params, ...others } = request;
    const turned = { params: Object.fromEntries(Object.entries(params ?? {}).reverse()), ...others };
    expect(discloseRequest(turned, ['params'], actionKey)).toEqual(discloseRequest(request, ['params'], actionKey));
  });
});

describe('large requests', () => {
  it('show 32 KiB at most; the rest is committed', () => {
    const params = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`field${i}`, 'x'.repeat(1000)]));
    const { disclosed, commitments } = discloseRequest({ ...bare, params }, ['params'], actionKey);
    expect(canonicalBytes(disclosed).length).toBeLessThanOrEqual(DISCLOSED_MAX_BYTES);
    expect(Object.keys(disclosed).length).toBeGreaterThan(30);
    expect(Object.keys(disclosed).length + Object.keys(commitments).length).toBeGreaterThanOrEqual(60);
  });
  it('of thousands of leaves get one commitment for each section, and fit a log entry with all that is shown', async () => {
    const params = Object.fromEntries(Array.from({ length: 6000 }, (_, i) => [`f${i}`, i]));
    const resource = { id: 'a', text: 'y'.repeat(DISCLOSED_MAX_BYTES - 100) };
    const asked = { ...request, params, resource };
    const { disclosed, commitments } = discloseRequest(asked, ['resource'], actionKey);
    expect(Object.keys(commitments).sort()).toEqual(['content', 'context', 'params']);
    expect(openCommitment(commitments['params'] ?? '', saltFor(actionKey, 'params'), 'params', params)).toBe(true);
    const { payload } = encodeRecord({ ...verdictRecord, disclosed, commitments });
    expect(envelopeBytes(await signEnvelope(payload, ed25519Signer('record'))).length).toBeGreaterThan(40_000);
  });
  it('keep commitments per leaf within their bytes', () => {
    for (const count of [10, 60, 80, 100]) {
      const params = Object.fromEntries(Array.from({ length: count }, (_, i) => [`field_${i}`, i]));
      const { commitments } = discloseRequest({ surface: 's', action: 'a', actor: bare.actor, params }, [], actionKey);
      expect(canonicalBytes(commitments).length).toBeLessThanOrEqual(COMMITMENTS_MAX_BYTES);
      expect(Object.keys(commitments)).toHaveLength(count > 80 ? 1 : count);
    }
  });
});
