/** The parts of the Bot Framework's activities that we read. The channel vouches for them, and for nothing more. */
import { z } from 'zod';
import { CountersignError } from '../contract/index.ts';
import { CARD_VERBS } from './card/index.ts';

const id = z.string().min(1).max(512);
const guid = z.guid().toLowerCase();
const members = z.array(z.looseObject({ id })).max(1000).optional();

const activitySchema = z.looseObject({
  type: z.string().max(64),
  id: id.optional(),
  name: z.string().max(128).optional(),
  action: z.string().max(64).optional(),
  channelId: z.literal('msteams'),
  serviceUrl: z.url({ protocol: /^https?$/ }).max(512),
  from: z.looseObject({ id, aadObjectId: guid.optional() }),
  recipient: z.looseObject({ id }),
  conversation: z.looseObject({ id, tenantId: guid.optional(), conversationType: z.string().max(64).optional() }),
  channelData: z.looseObject({ tenant: z.looseObject({ id: guid }).optional() }).nullish(),
  replyToId: id.optional(),
  membersAdded: members,
  membersRemoved: members,
  value: z.unknown().optional(),
});
export type Activity = z.output<typeof activitySchema>;

/** Only what an input can hold: a text for each of its names. */
const executeSchema = z.looseObject({
  action: z.looseObject({
    type: z.literal('Action.Execute'),
    verb: z.enum(CARD_VERBS),
    data: z.looseObject({
      about: z.strictObject({ action: z.string().max(128), revision: z.int(), stage: z.int().nonnegative() }),
    }),
  }),
});
export type Execute = z.output<typeof executeSchema>['action'];

/** @throws CountersignError `invalid-request` for anything without the framework's shape. */
export function readActivity(body: unknown): Activity {
  const { data } = activitySchema.safeParse(body);
  if (data === undefined) throw malformed();
  return data;
}

/** @throws CountersignError `invalid-request` for anything that none of our cards sends. */
export function readExecute({ value }: Activity): Execute {
  const { data } = executeSchema.safeParse(value);
  if (data === undefined) throw malformed();
  return data.action;
}

/** The tenant that an activity names; null where it names none, or two. */
export function tenantOf({ conversation, channelData }: Activity): string | null {
  const named = [conversation.tenantId, channelData?.tenant?.id].filter((one) => one !== undefined);
  return new Set(named).size === 1 ? (named[0] ?? null) : null;
}

/** The text that somebody typed or chose, or undefined. */
export function inputOf({ data }: Execute, name: string): string | undefined {
  const value = data[name];
  const text = typeof value === 'string' ? value.trim() : '';
  return text === '' ? undefined : text;
}

const malformed = (): CountersignError =>
  new CountersignError('invalid-request', 'Teams sent something that none of our cards says; nothing was done');
