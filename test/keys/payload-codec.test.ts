import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { IN_CLEAR } from '../../src/contract/index.ts';
import { createPayloadCodec, createViewingCodec, openFileKeys } from '../../src/keys/index.ts';
import { createStartKeys } from '../../src/keys/start-keys.ts';
import type { CodecVectors, JsonPayload } from '../vectors/build/codec.ts';

const keys = (): ReturnType<typeof openFileKeys> => openFileKeys(mkdtempSync(join(tmpdir(), 'countersign-codec-')));
const payloadOf = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const secret = { card: '4111 1111 1111 1111', note: 'zażółć' };

describe('createPayloadCodec', () => {
  it('hides everything but the id of its key, and gives it back', async () => {
    const codec = createPayloadCodec(await keys());
    const values = [secret, null, '', [1, 2.5], undefined];
    const encoded = await codec.encode(values.map(payloadOf));
    for (const payload of encoded) {
      expect(Object.keys(payload.metadata ?? {}).sort()).toEqual(['encoding', 'encryption-key-id']);
      expect(Buffer.from(payload.metadata?.['encoding'] ?? []).toString()).toBe('binary/encrypted');
      expect(Buffer.from(payload.data ?? []).toString('latin1')).not.toMatch(/card|4111|json/);
    }
    const decoded = await codec.decode(encoded);
    expect(decoded.map((payload) => defaultPayloadConverter.fromPayload(payload))).toEqual(values);
  });

  it('leaves an answer to other namespaces in clear, and nothing else that says it is one', async () => {
    const codec = createPayloadCodec(await keys());
    const answer = { id: `act_${'0f'.repeat(32)}`, status: 'released' };
    const said = (value: unknown): Payload => {
      const payload = payloadOf(value);
      return { ...payload, metadata: { ...payload.metadata, [IN_CLEAR]: new Uint8Array([1]) } };
    };
    expect(await codec.encode([said(answer)])).toEqual([payloadOf(answer)]);
    const others = [
      payloadOf(answer),
      said({ ...answer, permit: 'x' }),
      said({ ...answer, status: 'x y' }),
      said([answer]),
    ];
    for (const payload of await codec.encode(others)) expect(payload.metadata).toHaveProperty('encryption-key-id');
  });

  it('encrypts the same value differently each time', async () => {
    const codec = createPayloadCodec(await keys());
    const [one, two] = await codec.encode([payloadOf(secret), payloadOf(secret)]);
    expect(one?.data).not.toEqual(two?.data);
  });

  it('leaves alone what somebody else sent in clear', async () => {
    const codec = createPayloadCodec(await keys());
    const clear = [payloadOf(secret), {}];
    expect(await codec.decode(clear)).toEqual(clear);
    expect(await codec.encode([])).toEqual([]);
  });

  it('marks what looks like a start and was sent in clear, whatever it says of itself', async () => {
    const codec = createPayloadCodec(await keys());
    for (const input of [{ token: 'x' }, { request: {}, arrivedInClear: false }]) {
      const [decoded] = await codec.decode([payloadOf(input)]);
      expect(defaultPayloadConverter.fromPayload(decoded as Payload)).toEqual({ ...input, arrivedInClear: true });
      const [own] = await codec.decode(await codec.encode([payloadOf(input)]));
      expect(defaultPayloadConverter.fromPayload(own as Payload)).toEqual(input);
    }
  });

  it('decrypts what an older key encrypted, once a newer one took over', async () => {
    const [older, newer] = [await keys(), await keys()];
    const encoded = await createPayloadCodec(older).encode([payloadOf(secret)]);
    const rotated = createPayloadCodec({ codec: [newer.codec[0], older.codec[0]] });
    const [decoded] = await rotated.decode(encoded);
    expect(defaultPayloadConverter.fromPayload(decoded as Payload)).toEqual(secret);
    const [fresh] = await rotated.encode([payloadOf(secret)]);
    await expect(createPayloadCodec(older).decode([fresh as Payload])).rejects.toMatchObject({ code: 'unavailable' });
  });

  it.each([
    [
      'changed data',
      (payload: Payload) => ({
        ...payload,
        data: Uint8Array.from(payload.data ?? [], (b, i) => (i === 30 ? b ^ 1 : b)),
      }),
    ],
    ['cut data', (payload: Payload) => ({ ...payload, data: payload.data?.subarray(0, 20) })],
    ['no data', ({ metadata }: Payload) => ({ metadata })],
    [
      'another key id',
      (payload: Payload) => ({
        ...payload,
        metadata: { ...payload.metadata, 'encryption-key-id': Buffer.from('0'.repeat(16)) },
      }),
    ],
    ['no key id', (payload: Payload) => ({ ...payload, metadata: { encoding: Buffer.from('binary/encrypted') } })],
  ])('refuses %s', async (_, spoil) => {
    const codec = createPayloadCodec(await keys());
    const [encoded] = await codec.encode([payloadOf(secret)]);
    await expect(codec.decode([spoil(encoded as Payload) as Payload])).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('the published vectors', () => {
  const vectors = JSON.parse(readFileSync(new URL('../vectors/codec.json', import.meta.url), 'utf8')) as CodecVectors;
  const key = { id: vectors.key.id, secret: Buffer.from(vectors.key.secret, 'base64') };
  const fromJson = ({ metadata, data }: JsonPayload): Payload => ({
    metadata: Object.fromEntries(Object.entries(metadata).map(([name, text]) => [name, Buffer.from(text, 'base64')])),
    data: Buffer.from(data ?? '', 'base64'),
  });
  const plain = ({ metadata, data }: Payload) => ({
    metadata: Object.fromEntries(
      Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString()]),
    ),
    data: Buffer.from(data ?? []).toString('base64'),
  });

  it.each(vectors.payloads)('$name is decrypted', async ({ clear, encrypted }) => {
    const [decoded] = await createViewingCodec({ codec: [key] }).decode([fromJson(encrypted)]);
    expect(plain(decoded as Payload)).toEqual(plain(fromJson(clear)));
  });
  it.each(vectors.refused)('$name is refused', async ({ encrypted }) => {
    for (const codec of [createPayloadCodec({ codec: [key] }), createViewingCodec({ codec: [key] })]) {
      await expect(codec.decode([fromJson(encrypted)])).rejects.toMatchObject({ code: 'unavailable' });
    }
  });
  it('the start opens', async () => {
    const { jwk, jwe, plaintext } = vectors.start;
    const starts = createStartKeys([key]);
    expect(starts.publicJwk).toEqual(jwk);
    expect(Buffer.from((await starts.open(jwe)) ?? []).toString()).toBe(plaintext);
  });
});

describe('createViewingCodec', () => {
  it('shows what was not encrypted exactly as it stands there', async () => {
    const codec = createViewingCodec(await keys());
    const twice = { ...payloadOf({}), data: Buffer.from('{"token":1,"token":2}') };
    const clear = [payloadOf({ token: 'x', request: {} }), twice, {}];
    expect(await codec.decode(clear)).toEqual(clear);
  });
});
