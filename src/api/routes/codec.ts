/**
 * A codec server as Temporal's UI and command line ask it: `POST …/decode` and `…/encode` with `Payloads` in the JSON form of their
 * protobuf (https://docs.temporal.io/codec-server).
 */
import { Router, type Request, type RequestHandler } from 'express';
import type { Payload } from '@temporalio/common';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import type { Authentication, PayloadReading } from '../../gateway/types.ts';
import type { Caller } from '../../identity/index.ts';
import { jsonBody } from '../body.ts';
import { parseBody } from '../input.ts';
import { body, COMMON, ok, problem } from '../openapi-parts.ts';
import { codecSession, sessionOf } from './codec-session.ts';

/** A page of a history: 4 MiB is the most that Temporal sends in one message, and base64 makes it a third longer. */
const BODY_BYTES = 6 * 1024 * 1024;
/** Seconds for which a browser need not ask again whether it may. */
const PREFLIGHT_S = 600;

const bytes = z.base64().meta({ description: 'Base64, padded.' });
const payloadSchema = z
  .looseObject({ metadata: z.record(z.string(), bytes).optional(), data: bytes.optional() })
  .meta({ id: 'TemporalPayload', description: '`temporal.api.common.v1.Payload` in JSON.' });
const payloadsSchema = z.looseObject({ payloads: z.array(payloadSchema).default([]) }).meta({ id: 'TemporalPayloads' });

type JsonPayload = z.infer<typeof payloadSchema>;

const fromJson = ({ metadata, data }: JsonPayload): Payload => ({
  ...(metadata === undefined
    ? {}
    : {
        metadata: Object.fromEntries(
          Object.entries(metadata).map(([name, text]) => [name, Buffer.from(text, 'base64')]),
        ),
      }),
  ...(data === undefined ? {} : { data: Buffer.from(data, 'base64') }),
});

const base64 = (value: Uint8Array): string => Buffer.from(value).toString('base64');

const toJson = ({ metadata, data }: Payload): JsonPayload => ({
  ...(metadata == null
    ? {}
    : { metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, base64(value)])) }),
  ...(data == null ? {} : { data: base64(data) }),
});

/** @param origins Where Temporal's UI may be, which a browser asks from. */
export function codecRoutes(gateway: Authentication & PayloadReading, origins: readonly string[]): Router {
  const router = Router();
  const callerOf = (request: Request): Promise<Caller> =>
    gateway.authenticate(request.get('authorization') ?? sessionOf(request, origins));
  router.use('/codec', allowOrigins(origins), codecSession(gateway), jsonBody({ limit: BODY_BYTES }));
  router.post('/codec/decode', async (request, response) => {
    const caller = await callerOf(request);
    const { payloads } = parseBody(payloadsSchema, request.body);
    const decoded = await gateway.decodePayloads(caller, payloads.map(fromJson));
    response.setHeader('Cache-Control', 'no-store').json({ payloads: decoded.map(toJson) });
  });
  router.post('/codec/encode', async (request, response) => {
    const caller = await callerOf(request);
    const { payloads } = parseBody(payloadsSchema, request.body);
    const encoded = await gateway.encodePayloads(caller, payloads.map(fromJson));
    response.setHeader('Cache-Control', 'no-store').json({ payloads: encoded.map(toJson) });
  });
  return router;
}

/** Cross-origin requests (Fetch standard): of the named origins and of nobody else. */
function allowOrigins(origins: readonly string[]): RequestHandler {
  return (request, response, next) => {
    response.vary('Origin');
    const origin = request.get('origin');
    const allowed = origin !== undefined && origins.includes(origin);
    if (allowed) {
      response.setHeader('Access-Control-Allow-Origin', origin).setHeader('Access-Control-Allow-Credentials', 'true');
    }
    if (!allowed || request.method !== 'OPTIONS') {
      next();
      return;
    }
    response
      .status(204)
      .setHeader('Access-Control-Allow-Methods', 'POST')
      .setHeader('Access-Control-Allow-Headers', 'authorization, content-type, x-namespace')
      .setHeader('Access-Control-Max-Age', String(PREFLIGHT_S))
      .end();
  };
}

const operation = (summary: string, who: string) => ({
  summary,
  description: 'As Temporal’s UI and command line ask a codec server; the address to name there is `/codec`.',
  ...body(payloadsSchema),
  responses: { ...ok(payloadsSchema, 'As many payloads, in their order.'), ...COMMON, '403': problem(who) },
});

export const codecPaths: ZodOpenApiPathsObject = {
  '/codec/decode': {
    post: operation(
      'Payloads of Temporal, decrypted; credentials and permits in them are not shown',
      'Neither an auditor nor an owner of `default`.',
    ),
  },
  '/codec/encode': { post: operation('Payloads for Temporal, encrypted', 'Not an owner of `default`.') },
};
