import { z } from 'zod';
import { PRESENCES } from '../presence.ts';
import { STATUSES } from '../status.ts';
import { DOORS, EFFECT_KINDS } from '../verdict.ts';

const instant = z.iso.datetime();
const text = z.string().nullable();

const party = z.strictObject({
  id: z.string(),
  name: text.meta({ description: 'As the directory says; null for strangers.' }),
  type: z.enum(['user', 'service', 'agent']),
  unverified: z.boolean().optional().meta({ description: 'A `user:` that the directory does not have.' }),
  owner: text.optional().meta({ description: 'Who answers for an agent or a service by name.' }),
});

const change = z.strictObject({ label: z.string(), from: z.string(), to: z.string() });

/** One item that waits for a person, with everything that its approvers see. */
export const inboxItemSchema = z
  .strictObject({
    kind: z.enum(['decide', 'answer', 'review']).meta({
      description: 'To decide; to answer an approver’s question; to look back at after the glass was broken.',
    }),
    id: z.string(),
    status: z.enum(STATUSES),
    state: z.string().meta({ description: 'How it stands, in one word as messages say it.' }),
    revision: z.int().meta({ description: 'Grows with every change of what is shown.' }),
    surface: z.string(),
    action: z.string(),
    summary: z.string().meta({ description: 'What, how much and about what, in one line.' }),
    askedAt: instant,
    due: instant.meta({ description: 'Until when: what is not decided by then is refused.' }),
    asDelegate: z.boolean().meta({ description: 'The reader stands in for one of those who are asked.' }),
    actor: party,
    onBehalfOf: z.array(party).meta({ description: 'For whom, nearest first.' }),
    resource: text,
    amount: text.meta({ description: 'In one phrase; null where there is none, or it is not disclosed.' }),
    effect: z.enum(EFFECT_KINDS).nullable(),
    heldUntil: instant.nullable(),
    collectUntil: instant.nullable(),
    facts: z
      .array(z.strictObject({ label: z.string(), value: z.string() }))
      .meta({ description: 'All else that policy discloses, or shows to approvers.' }),
    withheld: z.int().meta({ description: 'How many values policy does not show.' }),
    reverses: z.string().optional().meta({ description: 'The action that this one takes back.' }),
    why: z.strictObject({ policy: text, rule: text, reasons: z.array(z.string()) }),
    otherwise: z.string().meta({ description: 'What happens if nobody decides.' }),
    stages: z.array(
      z.strictObject({
        name: z.string(),
        quorum: z.int(),
        approvals: z.int(),
        state: z.enum(['done', 'open', 'later', 'refused']),
        people: z.array(z.strictObject({ id: z.string(), name: z.string(), ref: z.string() })),
        passkey: z.boolean(),
      }),
    ),
    stage: z.int().meta({ description: 'Which stage is open, from 0.' }),
    decisions: z.array(
      z.strictObject({
        by: z.string(),
        name: z.string(),
        decision: z.string(),
        at: instant,
        reason: text,
        via: z.string(),
        presence: z.enum(PRESENCES).optional().meta({ description: 'How the person was there.' }),
        onBehalfOf: text,
        changes: z.array(change),
      }),
    ),
    controls: z.strictObject({
      approveReason: z.enum(['required', 'optional']),
      mayChange: z.array(
        z.strictObject({
          path: z.string(),
          label: z.string(),
          kind: z.enum(['number', 'decimal', 'text']),
          value: text,
        }),
      ),
      mayReturn: z.boolean(),
      extendUntil: instant.nullable(),
      mayGrant: z.strictObject({ within: z.int(), uses: z.int(), upTo: text, currency: text }).optional().meta({
        description: 'A yes may be given to the like as well: for so many seconds, uses, and so much in all.',
      }),
      via: z.array(z.enum(DOORS)),
    }),
    responsibility: z.string().meta({ description: 'The sentence that whoever approves takes on.' }),
    lately: z.strictObject({ approved: z.int(), refused: z.int(), days: z.int() }).nullable(),
    limitsLeft: z.array(z.strictObject({ label: z.string(), left: z.string(), max: z.string() })),
    alike: z
      .array(z.strictObject({ action: z.string(), revision: z.int(), stage: z.int(), summary: z.string() }))
      .meta({ description: 'Others of the same surface, actor and rule that wait as well.' }),
    notes: z.array(z.string()),
    question: z
      .strictObject({ by: z.string(), text: z.string(), at: instant })
      .nullable()
      .meta({ description: 'What an approver asked, and nobody answered yet.' }),
    review: z.strictObject({ dueAt: instant, reviewers: z.array(z.string()), result: text }).nullable(),
    receipt: text.meta({ description: 'Hash of the newest record.' }),
  })
  .meta({ id: 'InboxItem' });
export type InboxItem = z.infer<typeof inboxItemSchema>;

export const inboxSchema = z.strictObject({
  items: z.array(inboxItemSchema),
  asOf: z
    .strictObject({ size: z.int(), logSize: z.int() })
    .meta({ description: 'Entries of the log that the answer includes, and those that there are.' }),
  next_cursor: text,
});
export type Inbox = z.infer<typeof inboxSchema>;
