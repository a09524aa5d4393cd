import { Router, type Response } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { CountersignError, type Receipt } from '../../contract/index.ts';
import { keyHistorySchema } from '../../contract/views/index.ts';
import { ok, problem } from '../openapi-parts.ts';

/** A log as others read it (C2SP tlog-tiles): checkpoints, keys and hashes for everybody, entries for who may read them. */
export interface PublicLog {
  /** False for a tenant that has no log. */
  exists(tenant: string): Promise<boolean>;
  checkpoint(tenant: string): Promise<string>;
  /** The newest checkpoint that a witness cosigned, or null. */
  witnessed(tenant: string): Promise<string | null>;
  /** A tile of hashes, or null when the log does not reach that far. `width` is 1 to 256. */
  tile(tenant: string, level: number, index: number, width: number): Promise<Uint8Array | null>;
  entries(tenant: string, index: number, width: number): Promise<Uint8Array | null>;
  /** Whether entries are for everybody. @throws CountersignError `unauthenticated`, `forbidden` when they are not, and not for this one */
  checkReader(tenant: string, authorization: string | undefined): Promise<{ everybody: boolean }>;
  /** The receipt of a record where entries are for everybody; null where they are not. @throws CountersignError `not-found` */
  receipt(hash: string): Promise<Receipt | null>;
  vkey(tenant: string): Promise<string>;
  recordKeys(tenant: string): Promise<object[]>;
  permitKeys(): Promise<object[]>;
  /** `keys.json`: every public key of the tenant, and how each came into use. */
  keyHistory(tenant: string): Promise<object>;
}

/** C2SP tlog-tiles: three-digit groups, all but the last led by `x`, then `.p/W` for a partial tile. */
const INDEX = /^((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

function parseTile(path: string): { index: number; width: number } | null {
  const match = INDEX.exec(path);
  if (match === null) return null;
  const index = Number((match[1] ?? '').replaceAll(/[x/]/g, ''));
  const width = match[2] === undefined ? 256 : Number(match[2]);
  return Number.isSafeInteger(index) && width <= 256 ? { index, width } : null;
}

function sendTile(response: Response, tile: Uint8Array | null, width: number, everybody = true): void {
  if (tile === null)
    throw new CountersignError('not-found', 'the log does not reach this tile yet; read the checkpoint for its size');
  // A full tile never changes; a partial one is superseded.
  const whose = everybody ? 'public' : 'private';
  response.setHeader('Cache-Control', `${whose}, ${width === 256 ? 'max-age=31536000, immutable' : 'max-age=60'}`);
  response.type('application/octet-stream').send(Buffer.from(tile));
}

export function logRoutes(log: PublicLog): Router {
  const router = Router();

  router.get('/.well-known/jwks.json', async (_request, response) => {
    response.setHeader('Cache-Control', 'public, max-age=300');
    response.json({ keys: await log.permitKeys() });
  });

  router.get('/log/:tenant/*rest', async (request, response) => {
    const tenant = String(request.params['tenant']);
    const rest = (request.params as Record<string, unknown>)['rest'];
    const path = Array.isArray(rest) ? rest.join('/') : '';
    if (!(await log.exists(tenant))) throw new CountersignError('not-found', 'there is no log of that name');
    if (path === 'checkpoint') {
      response.setHeader('Cache-Control', 'no-store');
      response.type('text/plain; charset=utf-8').send(await log.checkpoint(tenant));
      return;
    }
    if (path === 'checkpoint.witnessed') {
      const witnessed = await log.witnessed(tenant);
      if (witnessed === null) throw new CountersignError('not-found', 'no witness cosigned this log yet');
      response.setHeader('Cache-Control', 'no-store');
      response.type('text/plain; charset=utf-8').send(witnessed);
      return;
    }
    if (path === 'vkey') {
      response.type('text/plain; charset=utf-8').send(`${await log.vkey(tenant)}\n`);
      return;
    }
    if (path === 'jwks.json') {
      response.json({ keys: await log.recordKeys(tenant) });
      return;
    }
    if (path === 'keys.json') {
      response.json(await log.keyHistory(tenant));
      return;
    }
    const bundle = /^tile\/entries\/(.+)$/.exec(path)?.[1];
    if (bundle !== undefined) {
      const at = parseTile(bundle);
      if (at !== null) {
        const { everybody } = await log.checkReader(tenant, request.get('authorization'));
        sendTile(response, await log.entries(tenant, at.index, at.width), at.width, everybody);
        return;
      }
    }
    const [, level, tilePath] = /^tile\/(\d|[1-5]\d|6[0-3])\/(.+)$/.exec(path) ?? [];
    if (level !== undefined && tilePath !== undefined) {
      const at = parseTile(tilePath);
      if (at !== null) {
        sendTile(response, await log.tile(tenant, Number(level), at.index, at.width), at.width);
        return;
      }
    }
    throw new CountersignError(
      'not-found',
      'a log serves checkpoint, checkpoint.witnessed, vkey, jwks.json, keys.json, tile/<level>/<index> and tile/entries/<index>',
    );
  });

  return router;
}

const tenant = z.string();
const jwkSetSchema = z.strictObject({ keys: z.array(z.looseObject({ kid: z.string() })) });
const MISSING = {
  '400': problem('The address names nothing that could be.'),
  '404': problem('There is no such log, or it does not reach that far.'),
};
const text = (description: string) => ({ description, content: { 'text/plain': { schema: z.string() } } });
const bytes = (description: string) => ({
  description,
  content: { 'application/octet-stream': { schema: z.string() } },
});

export const logPaths: ZodOpenApiPathsObject = {
  '/.well-known/jwks.json': {
    get: {
      summary: 'Permit keys, and the key with `use: enc` that starts through Temporal may be encrypted to',
      security: [],
      responses: ok(jwkSetSchema, 'A JWK set.'),
    },
  },
  '/log/{tenant}/checkpoint': {
    get: {
      summary: 'The newest checkpoint (C2SP signed note), with the cosignatures that there are of it',
      security: [],
      requestParams: { path: z.object({ tenant }) },
      responses: { '200': text('A signed note.'), ...MISSING },
    },
  },
  '/log/{tenant}/checkpoint.witnessed': {
    get: {
      summary: 'The newest checkpoint that a witness cosigned (C2SP signed note, tlog-cosignature)',
      security: [],
      requestParams: { path: z.object({ tenant }) },
      responses: {
        '200': text('A signed note.'),
        ...MISSING,
        '404': problem('There is no such log, or no witness cosigned it yet.'),
      },
    },
  },
  '/log/{tenant}/vkey': {
    get: {
      summary: 'The log’s note verification key',
      security: [],
      requestParams: { path: z.object({ tenant }) },
      responses: { '200': text('A C2SP vkey.'), ...MISSING },
    },
  },
  '/log/{tenant}/jwks.json': {
    get: {
      summary: 'Record keys',
      security: [],
      requestParams: { path: z.object({ tenant }) },
      responses: { ...ok(jwkSetSchema, 'A JWK set.'), ...MISSING },
    },
  },
  '/log/{tenant}/tile/{level}/{index}': {
    get: {
      summary: 'A tile of hashes (C2SP tlog-tiles)',
      security: [],
      requestParams: { path: z.object({ tenant, level: z.string(), index: z.string() }) },
      responses: { '200': bytes('Up to 256 SHA-256 hashes.'), ...MISSING },
    },
  },
  '/log/{tenant}/tile/entries/{index}': {
    get: {
      summary:
        'A bundle of entries (C2SP tlog-tiles); for auditors, owners and read tokens, or for everybody where `COUNTERSIGN_LOG=public`',
      requestParams: { path: z.object({ tenant, index: z.string() }) },
      responses: {
        '200': bytes('Up to 256 envelopes, each with a 16-bit length.'),
        '401': problem('No valid credential.'),
        '403': problem('This credential does not read the log.'),
        ...MISSING,
      },
    },
  },
  '/log/{tenant}/keys.json': {
    get: {
      summary:
        'Every public key that the tenant ever had, with the receipts that lead from the first to the present ones',
      security: [],
      requestParams: { path: z.object({ tenant }) },
      responses: { ...ok(keyHistorySchema, 'The key history.'), ...MISSING },
    },
  },
};
