/** An independent witness as C2SP tlog-witness has it, strict to the letter; it remembers in memory. */
import { sign, type KeyObject, createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { equalBytes } from '../../src/canonical/index.ts';
import { nodeVerifyEd25519 } from '../../src/keys/index.ts';
import {
  cosign,
  emptyRoot,
  formatNote,
  formatVkey,
  isEvidenceError,
  noteKey,
  NOTE_ALGORITHMS,
  openCheckpoint,
  parseAddCheckpoint,
  parseCheckpoint,
  parseNote,
  parseVkey,
  verifyConsistency,
  type AddCheckpoint,
} from '../../src/ledger/index.ts';
import { keyPair } from './key-pair.ts';

export interface TestWitness {
  vkey: string;
  /** Submission and monitoring prefix. */
  url: string;
  /** Origins to the keys that are trusted for them. */
  logs: Map<string, string[]>;
  /** Every answer so far. */
  answered: { status: number; old: number | null; size: number | null }[];
  /** What it cosigned last. */
  latest(origin: string): { size: number; note: string } | null;
  close(): Promise<void>;
}

interface Reply {
  status: number;
  body?: string;
  type?: string;
  old?: number;
  size?: number;
}

export async function openWitness(name: string): Promise<TestWitness> {
  const { publicKey, privateKey } = keyPair('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const key = noteKey(name, NOTE_ALGORITHMS.cosignatureV1, raw);
  const logs: TestWitness['logs'] = new Map();
  const seen = new Map<string, { size: number; root: Uint8Array; note: string }>();
  const answered: TestWitness['answered'] = [];
  /** One request after the other: checking and remembering are one step. */
  let turn: Promise<unknown> = Promise.resolve();

  async function add(body: string): Promise<Reply> {
    let request: AddCheckpoint;
    let origin: string;
    let size: number;
    try {
      request = parseAddCheckpoint(body);
      ({ origin, size } = parseCheckpoint(parseNote(request.checkpoint).text));
    } catch (error) {
      if (isEvidenceError(error)) return { status: 400 };
      throw error;
    }
    const { oldSize: old, proof } = request;
    const keys = logs.get(origin);
    if (keys === undefined) return { status: 404 };
    const at = { old, size };
    let root: Uint8Array;
    try {
      ({ root } = await openCheckpoint(request.checkpoint, keys.map(parseVkey), nodeVerifyEd25519));
    } catch (error) {
      if (isEvidenceError(error)) return { ...at, status: 403 };
      throw error;
    }
    if (old > size) return { ...at, status: 400 };
    const before = seen.get(origin);
    if (old !== (before?.size ?? 0)) {
      return { ...at, status: 409, body: `${before?.size ?? 0}\n`, type: 'text/x.tlog.size' };
    }
    if (size === 0 && !equalBytes(root, emptyRoot())) return { ...at, status: 422 };
    const continues = (): boolean => {
      if (before === undefined || old === 0) return proof.length === 0;
      if (old === size) return proof.length === 0 && equalBytes(root, before.root);
      return verifyConsistency(old, size, [...proof], before.root, root);
    };
    if (!continues()) return { ...at, status: 422 };
    const { text, signatures } = parseNote(request.checkpoint);
    const own = await cosign(text, key, Math.floor(Date.now() / 1000), by(privateKey));
    const known = signatures.filter((one) => keys.map(parseVkey).some(({ id }) => id === one.id));
    seen.set(origin, { size, root, note: formatNote(text, [...known, own]) });
    return { ...at, status: 200, body: formatNote(text, [own]).slice(text.length + 1) };
  }

  function answer(method: string, path: string, body: string): Promise<Reply> {
    if (method === 'POST' && path === '/add-checkpoint') {
      const next = turn.then(() => add(body));
      turn = next.catch(() => undefined);
      return next;
    }
    const found = [...seen].find(([origin]) => path === `/${hash(origin)}/checkpoint`)?.[1];
    return Promise.resolve(
      method === 'GET' && found !== undefined ? { status: 200, body: found.note } : { status: 404 },
    );
  }

  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString('utf8');
      void answer(request.method ?? '', request.url ?? '', body).then((reply) => {
        const { status, old = null, size = null } = reply;
        if (request.method === 'POST') answered.push({ status, old, size });
        response.writeHead(status, { 'content-type': reply.type ?? 'text/plain' }).end(reply.body ?? '');
      });
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    vkey: formatVkey(key),
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    logs,
    answered,
    latest: (origin) => seen.get(origin) ?? null,
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
}

const hash = (origin: string): string => createHash('sha256').update(origin).digest('hex');
const by = (key: KeyObject) => (message: Uint8Array) => Promise.resolve(new Uint8Array(sign(null, message, key)));
