import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { fromUtf8, isCanonicalError, readSealed } from '../canonical/index.ts';
import { CountersignError, IN_CLEAR, type ArrivedInClear } from '../contract/index.ts';
import { open, seal, type NamedKey } from './aead.ts';

const ENCODING = 'binary/encrypted';
const JSON_ENCODING = 'json/plain';
const KEY_ID = 'encryption-key-id';
const PURPOSE = 'countersign temporal payload v1';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

/** The first encrypts, all of them decrypt. */
export interface CodecKeys {
  codec: readonly [NamedKey, ...NamedKey[]];
}

/**
 * Temporal's payloads, encrypted before they leave the process: the server and its web pages see a key id and nothing else.
 *
 * What arrives unencrypted stays readable: any SDK may start an action (contract section 4), and not all of them have our key. It is marked where it matters: a secret in such a start does not count, and no activity obeys a stranger.
 */
export function createPayloadCodec({ codec: keys }: CodecKeys): PayloadCodec {
  return {
    encode: (payloads) =>
      Promise.resolve(payloads.map((payload) => answerInClear(payload) ?? encrypted(payload, keys[0]))),
    decode: async (payloads) =>
      payloads.map((payload) =>
        isEncrypted(payload) ? readable(decrypted(payload, keys)) : marked(readable(payload)),
      ),
  };
}

/** For readers of a history: decrypts what was encrypted, and leaves everything else unchanged. */
export function createViewingCodec({ codec: keys }: CodecKeys): PayloadCodec {
  return {
    ...createPayloadCodec({ codec: keys }),
    decode: async (payloads) => payloads.map((payload) => (isEncrypted(payload) ? decrypted(payload, keys) : payload)),
  };
}

/** The form of an answer to other namespaces: id and status of an action. Any other payload that claims to be an answer is encrypted. */
const ANSWER = /^\{"id":"act_[0-9a-f]{64}","status":"[a-z]{1,16}"\}$/;

function answerInClear({ metadata, data }: Payload): Payload | null {
  if (metadata?.[IN_CLEAR] === undefined || !ANSWER.test(textOf(data))) return null;
  return { metadata: { encoding: encoder.encode(JSON_ENCODING) }, data: data ?? new Uint8Array(0) };
}

const encrypted = (payload: Payload, { id, secret }: NamedKey): Payload => ({
  metadata: { encoding: encoder.encode(ENCODING), [KEY_ID]: encoder.encode(id) },
  data: seal(secret, PURPOSE, PayloadMessage.encode(payload).finish()),
});

/**
 * Ambiguous JSON is not passed on, because the SDK's reader would take the last of two equal names and the nearest double of a number. It
 * is replaced by a description of what was wrong, which fits no request. Throwing here would fail the workflow task, and Temporal would
 * retry it for ever.
 */
function readable(payload: Payload): Payload {
  if (textOf(payload.metadata?.['encoding']) !== JSON_ENCODING || payload.data == null) return payload;
  try {
    readSealed(fromUtf8(payload.data));
    return payload;
  } catch (error) {
    if (!isCanonicalError(error)) throw error;
    const said = { unreadable: error.message, pointer: error.pointer };
    return { ...payload, data: encoder.encode(JSON.stringify(said)) };
  }
}

const isEncrypted = ({ metadata }: Payload): boolean => textOf(metadata?.['encoding']) === ENCODING;

/** Members that identify inputs of our workflows, and then of our activities. */
const TELLING = ['request', 'token', 'action', 'limit', 'kind'];

/** Marks an input that arrived in clear: everybody with access to the namespace can read it, and anybody may have written it. */
function marked(payload: Payload): Payload {
  if (textOf(payload.metadata?.['encoding']) !== JSON_ENCODING || payload.data == null) return payload;
  const input: unknown = JSON.parse(fromUtf8(payload.data));
  if (typeof input !== 'object' || input === null || !TELLING.some((name) => name in input)) return payload;
  const said: ArrivedInClear = { arrivedInClear: true };
  return { ...payload, data: encoder.encode(JSON.stringify({ ...input, ...said })) };
}

const textOf = (bytes: Uint8Array | null | undefined): string => decoder.decode(bytes ?? new Uint8Array(0));

function decrypted(payload: Payload, keys: readonly NamedKey[]): Payload {
  const { metadata, data } = payload;
  const id = textOf(metadata?.[KEY_ID]);
  const key = keys.find((known) => known.id === id);
  const opened = key === undefined ? null : open(key.secret, PURPOSE, data ?? new Uint8Array(0));
  if (opened === null) {
    throw new CountersignError(
      'unavailable',
      'a payload from Temporal cannot be decrypted with the keys of this data folder; restore the keys that it was written with',
    );
  }
  return PayloadMessage.decode(opened);
}
