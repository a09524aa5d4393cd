import { z } from 'zod';
import { ACTOR_ID_MAX, ACTOR_TYPES, faultOfActorId, type ActorType } from './identifiers.ts';
import type { Json, JsonObject } from './json.ts';

/** Bounds of a request (contract section 2); a request outside them is refused before anything starts. */
export const REQUEST_LIMITS = {
  /** Bytes of the canonical JSON of `params`. */
  paramsBytes: 64 * 1024,
  /** Bytes of an HTTP body. */
  bodyBytes: 256 * 1024,
  /** Nesting of objects and arrays anywhere in a request. */
  depth: 32,
  /** How many people or services an actor may stand in for, one behind the other. */
  onBehalfOfDepth: 4,
} as const;

export const jsonSchema: z.ZodType<Json> = z.json() as z.ZodType<Json>;
export const jsonObject: z.ZodType<JsonObject> = z.record(z.string().max(256), jsonSchema);

const name = z.string().min(1).max(256);
const names = z.array(name).max(64);

export const surfaceSchema = z
  .string()
  .max(128)
  .regex(/^[a-z][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)*$/, 'a surface is dotted lower case, such as `payments.refund`')
  .meta({
    description: 'A place where something irreversible can happen, dotted lower case.',
    examples: ['payments.refund'],
  });

/** The id of an actor: `user:`, `service:` or `agent:` and visible NFC text without spaces. */
export const actorIdSchema = z
  .string()
  .max(ACTOR_ID_MAX)
  .superRefine((id, context) => {
    const fault = faultOfActorId(id);
    if (fault !== null) context.addIssue({ code: 'custom', message: fault });
  })
  .meta({
    description: '`user:`, `service:` or `agent:` and visible text in NFC without spaces.',
    examples: ['agent:support-bot'],
  });

export interface Actor {
  id: string;
  type: ActorType;
  roles?: string[] | undefined;
  groups?: string[] | undefined;
  onBehalfOf?: Actor | undefined;
}

const actorFields = { id: actorIdSchema, type: z.enum(ACTOR_TYPES), roles: names.optional(), groups: names.optional() };

function actorSchemaOfDepth(depth: number): z.ZodType<Actor> {
  if (depth === 0) return z.strictObject(actorFields) as z.ZodType<Actor>;
  return z.strictObject({ ...actorFields, onBehalfOf: actorSchemaOfDepth(depth - 1).optional() }) as z.ZodType<Actor>;
}

export const actorSchema = actorSchemaOfDepth(REQUEST_LIMITS.onBehalfOfDepth).meta({
  description: 'Who asks. `onBehalfOf` names whom the actor acts for, nested at most four deep.',
});

export const URGENCIES = ['normal', 'emergency'] as const;

/** Most fields of which one request says where their values came from. */
const PROVENANCE_MAX = 32;

/** A field of `params` or `resource`. */
export const PROVENANCE_PATH = /^(params|resource)(\.[A-Za-z_][A-Za-z0-9_-]{0,63}){1,7}$/;

const provenanceSchema = z
  .record(
    z.string().max(128).regex(PROVENANCE_PATH, 'a field such as `params.recipient`'),
    z
      .string()
      .max(64)
      .regex(/^[a-z0-9]+([ _-][a-z0-9]+)*$/, 'a word or two in lower case, such as `untrusted` or `web page`'),
  )
  .refine((fields) => Object.keys(fields).length <= PROVENANCE_MAX, `at most ${PROVENANCE_MAX} fields`)
  .meta({
    description:
      'Where the value of a field came from, such as `untrusted` or `web page`: believed only from credentials made to say so.',
  });

export const contextSchema = z.strictObject({
  folder: z.string().max(1024).regex(/^\//, 'a folder starts with `/`').optional(),
  environment: name.optional(),
  urgency: z.enum(URGENCIES).optional(),
  reason: z.string().min(1).max(2000).optional().meta({
    description: 'Why it is an emergency: sealed and shown in clear when the glass is broken, which needs it.',
  }),
  jurisdiction: name.optional(),
  matter: name.optional(),
  labels: names.optional(),
  constraints: names.optional(),
  provenance: provenanceSchema.optional(),
});
export type Context = z.infer<typeof contextSchema>;

export const resourceSchema = z.looseObject({ type: name.optional(), id: name.optional(), version: name.optional() });
export type Resource = z.infer<typeof resourceSchema>;

/** `act_` and the SHA-256 of an idempotency key. */
export const ACTION_ID = /^act_[0-9a-f]{64}$/;

/** The request of contract section 2. Unknown top-level keys are refused. */
export const actionRequestSchema = z
  .strictObject({
    surface: surfaceSchema,
    action: name.meta({ description: 'The verb, such as `refund.create`.' }),
    actor: actorSchema,
    resource: resourceSchema.optional(),
    params: jsonObject.optional().meta({ description: 'What policy may read, at most 64 KiB in all.' }),
    context: contextSchema.optional(),
    reverses: z
      .string()
      .regex(ACTION_ID, 'the id of an action, `act_…`')
      .optional()
      .meta({ description: 'The action that this one takes back.' }),
    content: jsonObject.optional().meta({ description: 'Sensitive: only its salted commitment is ever recorded.' }),
    execution: z.strictObject({ connector: name }).optional(),
    callback: z
      .url({ protocol: /^https?$/ })
      .max(2048)
      .optional(),
  })
  .meta({ id: 'ActionRequest' });
export type ActionRequest = z.infer<typeof actionRequestSchema>;
