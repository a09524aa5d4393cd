import { z } from 'zod';
import { ACTOR_TYPES, DEFAULT_DOORS, DOORS, EFFECT_KINDS, MODES, surfaceSchema } from '../contract/index.ts';
import { DURATION_PATTERN, parseDuration } from './duration.ts';
import { PATH_PATTERN, isPath } from './paths.ts';

/** Text of one condition or expression, in UTF-16 code units; longer is refused before it is parsed. */
export const EXPRESSION_MAX = 4096;

/** A permit lives five minutes unless policy says less (contract section 3). */
export const PERMIT_MAX_MS = 300_000;

const name = z
  .string()
  .max(64)
  .regex(/^[a-z][a-z0-9_-]*$/, 'lower case letters, digits, `-` and `_`, starting with a letter');

const policyName = z
  .string()
  .max(128)
  .regex(/^[a-z][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)*$/, 'dotted lower case, such as `payments.refund`');

const surfaceGlob = z
  .string()
  .max(128)
  .regex(
    /^(\*\*?|[a-z0-9][a-z0-9_-]*)(\.(\*\*?|[a-z0-9][a-z0-9_-]*))*$/,
    'a surface, or a glob such as `payments.*` or `**`',
  );

const path = z
  .string()
  .max(256)
  .regex(PATH_PATTERN, 'a dotted path such as `params.amount`')
  .refine(isPath, 'a dotted path such as `params.amount`');

const changeablePath = path.refine((text) => /^(params|resource|context)\./.test(text), {
  message: 'only fields of `params`, `resource` and `context` may be changed by an approver',
});

const duration = z.string().regex(DURATION_PATTERN, 'a duration such as `15m`, `4h` or `7y`');

const effectKind = z.enum(EFFECT_KINDS).meta({
  description: '`irreversible` cannot be undone; `compensable` takes another action to take back.',
});

/** Which requests a human's refusal stands against, and for how long. */
const refusalStands = z.union([duration, z.literal('ask'), z.literal(0)]).meta({
  description: 'How long a human’s no to the same effect holds; `ask`: the same people, the earlier no first; 0: off.',
});

const permitDuration = duration.refine((text) => (parseDuration(text) ?? 0) <= PERMIT_MAX_MS, 'at most `5m`');

const expression = z.string().min(1).max(EXPRESSION_MAX);

/** `user:…`, `group:…`, `role:…`, `oncall:…` (a rota of the settings), `manager` (the actor's), or `= expression` over the request that yields such references. */
export const REFERENCE_PATTERN = /^(?:(?:user|group|role|oncall):[^\s]+|manager|= ?[\s\S]+)$/;
const reference = z
  .string()
  .min(1)
  .max(1024)
  .regex(REFERENCE_PATTERN, 'a reference: `user:…`, `group:…`, `role:…`, `oncall:…`, `manager`, or `= expression`');

/** Longer than a channel's name: the address of a webhook may stand here. */
const addressees = z.array(z.string().min(1).max(1024)).max(16);

const notifySchema = z
  .union([
    addressees,
    z.strictObject({
      to: addressees,
      digest: duration.meta({
        description: 'Gathers in Slack what is not urgent: one message for each channel and person so often.',
      }),
    }),
  ])
  .meta({
    description:
      'Who is told: `#channel`, `user:…`, `webhook:NAME` of the settings file, or an https URL; with `to` and `digest`, gathered.',
  });

const references = z.array(reference).min(1).max(32);

const value: z.ZodType<unknown> = z.json();

const stageSchema = z
  .strictObject({
    name: z.string().min(1).max(64),
    approvers: references.meta({
      description: 'Who may decide: `user:…`, `group:…`, `role:…`, `oncall:…`, `manager`, `= expression`.',
    }),
    quorum: z.int().min(1).max(32).default(1).meta({ description: 'How many different people must approve.' }),
    refusals: z.int().min(1).max(32).default(1).meta({ description: 'How many refusals end the action.' }),
    remind: duration.optional().meta({ description: 'Remind those who have not decided after so long.' }),
    escalate: z.strictObject({ after: duration, to: references }).optional(),
    assurance: z
      .literal('passkey')
      .optional()
      .meta({ description: 'Counts only with the approver’s own WebAuthn signature.' }),
  })
  .meta({ description: 'One step of an approval; stages follow one another.' });

const approvalSchema = z.strictObject({
  stages: z.array(stageSchema).min(1).max(8),
  expires: duration.default('24h').meta({ description: 'Without a decision by then the action is refused.' }),
  extendUpTo: duration.optional().meta({ description: 'How far an approver may extend the wait, from the start.' }),
  reason: z.enum(['required', 'optional']).default('optional').meta({ description: 'Refusing always needs a reason.' }),
  fourEyes: z.boolean().default(true).meta({ description: 'The actor, and whoever it acts for, can never approve.' }),
  mayChange: z.array(changeablePath).max(32).default([]).meta({ description: 'What an approver may lower or set.' }),
  via: z
    .array(z.enum(DOORS))
    .min(1)
    .max(DOORS.length)
    .default([...DEFAULT_DOORS])
    .meta({ description: 'Doors a decision may come through; default all but `teams`, which has to be named.' }),
  blind: z
    .literal('accepted')
    .optional()
    .meta({ description: 'Approvers may leave unread what policy goes by and does not show them.' }),
});

const ruleFields = {
  id: name.meta({ description: 'Unique in its policy; records name it.' }),
  when: expression.meta({ description: 'A CEL condition; quote it. `"true"` always holds.' }),
  because: z.string().min(1).max(500).optional().meta({ description: 'A sentence for the person who asked.' }),
  notify: notifySchema.optional(),
  effect: z.strictObject({ kind: effectKind }).optional(),
  log: z
    .enum(['policy', 'full'])
    .default('policy')
    .meta({ description: '`full`: the record shows every field in clear.' }),
};

const ruleSchema = z.discriminatedUnion('then', [
  z.strictObject({ ...ruleFields, then: z.literal('approve') }),
  z.strictObject({
    ...ruleFields,
    then: z.literal('constrain'),
    changes: z
      .record(
        path.refine((text) => /^(action$|params\.|resource\.|context\.)/.test(text), {
          message: 'only `action` and fields of `params`, `resource` and `context` may be changed',
        }),
        value,
      )
      .refine((changes) => Object.keys(changes).length > 0, 'say at least one change')
      .meta({ description: 'Dotted path to a new value; `= expression` is evaluated over the request.' }),
  }),
  z.strictObject({ ...ruleFields, then: z.literal('supervise'), approval: approvalSchema }),
  z.strictObject({ ...ruleFields, then: z.literal('refuse') }),
]);

/** Where a field comes from in a message of AuthZEN. */
const AUTHZEN_SOURCE = /^(subject|action|resource|context)(\.[A-Za-z_][A-Za-z0-9_-]*){1,7}$/;
/** Where it goes in the request. */
const AUTHZEN_TARGET = /^(params|resource|context)\.|^actor\.(roles|groups|onBehalfOf)$/;

/** Which questions of the AuthZEN Authorization API are about this policy's surface. */
const authzenSchema = z.strictObject({
  resource: z.string().min(1).max(256).meta({ description: 'AuthZEN’s type of the resource.' }),
  action: z
    .union([z.string().min(1).max(256), z.array(z.string().min(1).max(256)).min(1).max(64)])
    .meta({ description: 'AuthZEN’s name of the action, one or several.' }),
  surface: surfaceSchema
    .optional()
    .meta({ description: 'The surface that is asked about; needed where the policy covers more than one.' }),
  as: z.string().min(1).max(256).optional().meta({ description: 'The verb of the request; default AuthZEN’s name.' }),
  subjects: z
    .record(z.string().min(1).max(256), z.enum(ACTOR_TYPES))
    .optional()
    .meta({ description: 'AuthZEN’s types of subjects, and what they are here; default `user`, `service`, `agent`.' }),
  fields: z
    .record(
      path.refine((text) => AUTHZEN_TARGET.test(text), {
        message: 'a field of `params`, `resource` or `context`, or `actor.roles`, `actor.groups`, `actor.onBehalfOf`',
      }),
      z.string().max(256).regex(AUTHZEN_SOURCE, 'a dotted path such as `resource.properties.status`'),
    )
    .default({})
    .meta({ description: 'Fields of the request, and where each comes from; beside `action.properties` as `params`.' }),
});

const amount = z.union([z.number().nonnegative(), z.string().regex(/^(0|[1-9][0-9]{0,14})(\.[0-9]{1,14})?$/)]);
const limitFields = {
  key: z.array(path).min(1).max(8).meta({ description: 'One counter for each combination of these fields.' }),
  window: duration.meta({ description: 'A sliding window.' }),
  max: amount.meta({ description: 'What fits in one window.' }),
};

const limitSchema = z.union([
  z.strictObject({ ...limitFields, sum: path }),
  z.strictObject({ ...limitFields, count: z.literal(true) }),
]);

const date = z.string().regex(/^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$/, 'a date such as `2026-12-25`');

/** Named lists of days on which `hours()` is never true, local to the zone it is asked for. */
export const holidaysSchema = z.record(name, z.array(date).max(1000));

/** The whole language of a policy file (contract section 5). Output is input with defaults filled in, so it parses again. */
export const policySchema = z
  .strictObject({
    policy: policyName.meta({ description: 'The name of this policy, unique in the bundle.' }),
    description: z.string().min(1).max(2000).optional(),
    surfaces: z.array(surfaceGlob).min(1).max(64).meta({ description: 'Globs: `payments.*` is one level, `**` any.' }),
    mode: z
      .enum(MODES)
      .default('enforce')
      .meta({ description: '`observe` releases, and seals what it would have said.' }),
    requires: z.array(path).max(64).default([]).meta({ description: 'Missing, null or empty: refused as unclear.' }),
    decimals: z.array(path).max(32).default([]).meta({ description: 'Amounts that may also come as decimal strings.' }),
    limits: z.record(name, limitSchema).default({}),
    holidays: holidaysSchema.default({}),
    rules: z.array(ruleSchema).min(1).max(200).meta({ description: 'The first rule that matches decides.' }),
    breakGlass: z
      .strictObject({
        allow: references,
        review: z.strictObject({ approvers: references, within: duration }),
        limit: z
          .strictObject({ max: z.int().min(1).max(1000), window: duration })
          .optional()
          .meta({ description: 'How often one person may do so within a sliding window; default 2 in 7 days.' }),
      })
      .optional()
      .meta({ description: 'Who may act at once in an emergency, and who reviews it afterwards.' }),
    disclose: z
      .array(path)
      .max(64)
      .default([])
      .meta({ description: 'Shown in clear in records; all else is committed.' }),
    show: z.array(path).max(64).optional().meta({
      description: 'Approvers see these too, whole; in records they are only committed. Default: what is disclosed.',
    }),
    amount: path.optional().meta({
      description: 'Which field is the amount, for columns and sums of money; default `params.amount`.',
    }),
    currency: path.optional().meta({ description: 'Which field is its currency; default `params.currency`.' }),
    effect: z
      .strictObject({
        kind: effectKind.optional(),
        same: z.array(path).min(1).max(16).optional().meta({
          description:
            'Fields that make two requests one effect; `actor`: the human behind it. Default: surface, action, resource, actor and amount.',
        }),
      })
      .optional()
      .meta({ description: 'What the action does to the world.' }),
    refusalStands: refusalStands.optional(),
    grants: z
      .strictObject({ upTo: amount.optional(), uses: z.int().min(1).max(1000), within: duration })
      .optional()
      .meta({
        description: 'An approver may say yes to the like as well, inside this; never on irreversible effects.',
      }),
    advice: z
      .array(z.strictObject({ ask: name, stage: stageSchema.optional() }))
      .min(1)
      .max(4)
      .optional()
      .meta({
        description:
          'The owner’s own reviewers, by their names in the settings: each may ask for its `stage`, or refuse, and never release.',
      }),
    release: z
      .strictObject({
        after: duration
          .optional()
          .meta({ description: 'Holds what is approved so long: until then it can be withdrawn, and not executed.' }),
        offline: z.boolean().optional().meta({
          description:
            'One executor may use the permit up by itself while the engine is away; never on irreversible effects.',
        }),
      })
      .refine(({ after, offline }) => after !== undefined || offline !== undefined, 'say `after` or `offline`')
      .refine(
        ({ after, offline }) => after === undefined || offline !== true,
        'what is held can be withdrawn, so only the engine can say whether it still holds: `after` or `offline`, not both',
      )
      .optional()
      .meta({ description: 'What becomes of the permit of what is approved.' }),
    notify: notifySchema.default([]),
    outcome: z
      .strictObject({ within: duration })
      .default({ within: '10m' })
      .meta({ description: 'How long the executor has to report, from the redemption of its permit.' }),
    collectWithin: duration.optional().meta({
      description:
        'How long after its release a fresh permit may be had; default 8h after a human’s yes, 10m after a rule’s.',
    }),
    permit: permitDuration.default('5m').meta({ description: 'How long a permit lives; at most 5m.' }),
    retain: duration.optional().meta({ description: 'How long the payload is kept; default for ever.' }),
    authzen: z
      .union([authzenSchema, z.array(authzenSchema).min(1).max(32)])
      .optional()
      .meta({ description: 'Which questions of the AuthZEN Authorization API are about this surface.' }),
  })
  .meta({ title: 'Countersign policy' });

export type Policy = z.infer<typeof policySchema>;
export type PolicyRule = Policy['rules'][number];
export type PolicyLimit = Policy['limits'][string];
export type PolicyApproval = z.infer<typeof approvalSchema>;
export type AuthzenMapping = z.infer<typeof authzenSchema>;
