/** The settings file of connectors. It holds secrets by reference only. */
import { z } from 'zod';
import { WEBHOOK_TARGETS } from '../notify/webhook-target.ts';
import { isGlob } from '../policy/surfaces.ts';
import { faultOfTemplate } from './template.ts';

/** `env:NAME` or `file:/path`: where a secret is, never what it is. */
export const SECRET_REFERENCE = /^(env:[A-Za-z_][A-Za-z0-9_]*|file:\/.+)$/;

const name = z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/, 'is lower case letters, digits, `-` and `_`');
const secret = z.string().regex(SECRET_REFERENCE, 'is `env:NAME` or `file:/path`: a secret has no place in this file');
const seconds = (most: number) => z.number().min(0.1).max(most);

const served = {
  name: name.describe('What it is called.'),
  tenant: z.string().min(1).default('default').describe('Whose actions it executes.'),
  surfaces: z
    .array(z.string().refine(isGlob, 'is a surface, or a glob such as `payments.*`'))
    .min(1)
    .describe('Surfaces, or globs of them, on which it executes.'),
  actions: z.array(z.string().min(1)).min(1).optional().describe('Verbs; default: all.'),
  attempts: z.int().min(1).max(20).default(5).describe('Attempts at most.'),
};

/** A status, or `2xx`, `4xx`, `5xx`. */
const statuses = z.array(z.union([z.int().min(200).max(599), z.enum(['2xx', '3xx', '4xx', '5xx'])]));
const pointer = z.string().regex(/^(\/([^/~]|~[01])*)+$/, 'is a JSON pointer such as `/id`');
const template = z.string().superRefine((text, context) => {
  const fault = faultOfTemplate(text);
  if (fault !== null) context.addIssue({ code: 'custom', message: fault });
});

/** The others belong to the connection. */
const headerName = z
  .string()
  .regex(
    /^(?!(host|content-length|transfer-encoding|connection|expect|upgrade|te|trailer)$)[A-Za-z][A-Za-z0-9-]*$/i,
    'is the name of a header that is not the connection’s own',
  );

export const httpSchema = z
  .strictObject({
    ...served,
    type: z.literal('http').describe('Executes by an HTTP request.'),
    method: z.enum(['POST', 'PUT', 'PATCH', 'DELETE', 'GET']).describe('Its method.'),
    url: template
      .refine((text) => /^https?:\/\/[^/{}@?#\\\s]+(\/|$)/.test(text), 'is a URL whose host is written out')
      .describe('A template. Its host is written out, so that no request chooses it.'),
    headers: z
      .record(headerName, template)
      .default({})
      .describe('Templates; `{secret:NAME}` is a secret of `secrets`.'),
    body: z.record(z.string(), z.json()).optional().describe('A template of JSON.'),
    encoding: z.enum(['json', 'form']).default('json').describe('How the body is sent.'),
    secrets: z.record(name, secret).default({}).describe('Where each secret is: `env:NAME` or `file:/path`.'),
    amount: z
      .union([z.literal('none'), z.string().regex(/^params(\.[A-Za-z_][A-Za-z0-9_-]*)+$/)])
      .describe('The field that was judged as the amount; `none` where there is none.'),
    idempotency: z
      .strictObject({
        header: z
          .string()
          .regex(/^[A-Za-z][A-Za-z0-9-]*$/)
          .default('Idempotency-Key')
          .describe('Carries the action’s key.'),
        honoured: z
          .boolean()
          .describe('Whether the receiver does the same key only once. Where not, nothing is ever sent a second time.'),
      })
      .describe('How a repeat is known.'),
    response: z
      .strictObject({
        executed: statuses.optional().describe('Statuses of what was done; default: `2xx`.'),
        failed: statuses.optional().describe('Statuses of what was not done; default: `4xx`, 307, 308.'),
        retry: statuses
          .optional()
          .describe('Statuses after which it is tried again; default: 408, 409, 425, 429, `5xx`.'),
        reference: pointer.optional().describe('JSON pointer of the receiver’s id for it.'),
        return: z.array(pointer).max(32).optional().describe('JSON pointers of what the requester gets.'),
      })
      .default({})
      .describe('What answers mean.'),
    network: z
      .enum(WEBHOOK_TARGETS)
      .default('public')
      .describe('Where it may connect to: `loopback` and `private` only where the receiver really is there.'),
    timeout: seconds(30).default(10).describe('Seconds for one attempt.'),
  })
  .superRefine((it, context) => {
    for (const [where, text] of [['url', it.url], ...Object.entries(it.headers)] as [string, string][]) {
      for (const [, used] of text.matchAll(/\{secret:([^{}]*)\}/g)) {
        if (where === 'url')
          context.addIssue({ code: 'custom', path: ['url'], message: 'holds no secret; use a header' });
        else if (!Object.hasOwn(it.secrets, used ?? '')) {
          context.addIssue({
            code: 'custom',
            path: ['headers', where],
            message: `there is no secret \`${used ?? ''}\``,
          });
        }
      }
    }
    for (const fault of faultsOfBody(it.body ?? {}))
      context.addIssue({ code: 'custom', path: ['body'], message: fault });
    const sent = JSON.stringify(it.body ?? {}) + it.url;
    if (it.amount !== 'none' && !sent.includes(`{${it.amount}}`) && !sent.includes(`{${it.amount}:minor}`)) {
      const message = `sends no \`{${it.amount}}\`: an amount that is left out is the whole amount at some receivers`;
      context.addIssue({ code: 'custom', path: ['body'], message });
    }
  });

/** What is wrong with the templates of a body, which hold no secret. */
function faultsOfBody(value: z.core.util.JSONType): string[] {
  if (typeof value === 'string') {
    if (/\{secret:/.test(value)) return ['holds no secret; use a header'];
    const fault = faultOfTemplate(value);
    return fault === null ? [] : [fault];
  }
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(faultsOfBody) : [];
}

export const STATEMENTS = ['select', 'insert', 'update', 'delete', 'merge'] as const;
export type StatementKind = (typeof STATEMENTS)[number];

export const sqlSchema = z.strictObject({
  ...served,
  type: z.literal('sql').describe('Executes a statement of SQL.'),
  database: secret.describe('Where the address of the database is, with the role and its password.'),
  schemas: z
    .array(z.string().regex(/^[a-z_][a-z0-9_]*$/))
    .min(1)
    .default(['public'])
    .describe('Whose tables may be touched.'),
  statements: z
    .array(z.enum(STATEMENTS))
    .min(1)
    .default([...STATEMENTS])
    .describe('What is tried out at all; whether it is approved is policy’s word.'),
  functions: z
    .array(z.string().regex(/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/))
    .default([])
    .describe('Functions that may be called beside PostgreSQL’s plain ones, such as `public.net_price`.'),
  timeouts: z
    .strictObject({
      connect: seconds(5).describe('Seconds for connecting.'),
      statement: seconds(5).describe('Seconds for the statement.'),
      lock: seconds(5).describe('Seconds of waiting for a lock.'),
      idle: seconds(10).describe('Seconds of a transaction that does nothing.'),
    })
    .default({ connect: 2, statement: 2, lock: 1, idle: 5 })
    .describe('How long each part may take.'),
  rows: z.int().min(0).max(10_000).default(1000).describe('Rows that are given to the requester at most.'),
});

export const connectorsSchema = z.strictObject({
  connectors: z
    .array(z.discriminatedUnion('type', [httpSchema, sqlSchema]))
    .max(100)
    .describe('Ways in which the engine executes what was approved.'),
});
export type ConnectorSettings = z.output<typeof connectorsSchema>['connectors'][number];
export type HttpSettings = z.output<typeof httpSchema>;
export type SqlSettings = z.output<typeof sqlSchema>;
