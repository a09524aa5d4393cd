/** The origin and sender of a payload. Slack signed all of it, and it is trusted no further than that. */
import { z } from 'zod';
import { CountersignError } from '../contract/index.ts';
import type { Desk } from './desk.ts';
import type { SlackIdentity, SlackOrigin, SlackPerson } from '../gateway/slack-types.ts';
import type { SlackUser } from './users.ts';

const id = z.string().min(1).max(64);
const who = {
  team: z.object({ id }).nullish(),
  user: z.object({ id, team_id: id.optional() }),
};

const clickSchema = z.object({
  ...who,
  trigger_id: z.string(),
  container: z.object({
    type: z.string(),
    channel_id: id.optional(),
    message_ts: id.optional(),
    view_id: id.optional(),
    is_ephemeral: z.boolean().optional(),
  }),
  channel: z.object({ id }).nullish(),
  message: z.object({ ts: id }).nullish(),
  actions: z.tuple([z.object({ action_id: z.string(), value: z.string().optional() })]).rest(z.unknown()),
});

const field = z.object({
  value: z.string().nullish(),
  selected_option: z.object({ value: z.string() }).nullish(),
  selected_options: z.array(z.object({ value: z.string() })).nullish(),
  selected_date_time: z.int().nullish(),
});
export type Field = z.infer<typeof field>;

const submissionSchema = z.object({
  ...who,
  view: z.object({
    id,
    private_metadata: z.string(),
    state: z.object({ values: z.record(z.string(), z.record(z.string(), field)) }),
  }),
});

/** A click, in a message or in a view. */
export interface Click {
  origin: SlackOrigin;
  trigger: string;
  value: string | undefined;
  /** False for an ephemeral message, which cannot be compared with a stored one. */
  posted: boolean;
}

export interface Submission {
  workspace: string;
  user: string;
  viewId: string;
  metadata: string;
  /** The only element of each input block. */
  fields: Record<string, Field>;
}

/** @throws CountersignError `invalid-request` for a payload that contradicts itself or is not of Slack's shape. */
export function readClick(body: unknown): Click {
  const { data } = clickSchema.safeParse(body);
  if (data === undefined) throw malformed();
  const { container } = data;
  const { workspace, user } = senderOf(data);
  const [{ value }] = data.actions;
  if (container.type === 'view') {
    const message = `view:${container.view_id ?? ''}`;
    return { origin: { workspace, user, channel: 'view', message }, trigger: data.trigger_id, value, posted: false };
  }
  const [channel, message] = [container.channel_id, container.message_ts];
  if (channel === undefined || message === undefined) throw malformed();
  if ((data.channel?.id ?? channel) !== channel || (data.message?.ts ?? message) !== message) throw malformed();
  const posted = container.is_ephemeral !== true;
  return {
    origin: { workspace, user, channel, message: posted ? message : `view:${message}` },
    trigger: data.trigger_id,
    value,
    posted,
  };
}

/** @throws CountersignError `invalid-request` */
export function readSubmission(body: unknown): Submission {
  const { data } = submissionSchema.safeParse(body);
  if (data === undefined) throw malformed();
  const fields: Record<string, Field> = {};
  for (const [block, elements] of Object.entries(data.view.state.values)) {
    const [first] = Object.values(elements);
    if (first !== undefined) fields[block] = first;
  }
  return { ...senderOf(data), viewId: data.view.id, metadata: data.view.private_metadata, fields };
}

/** In a shared channel `team` is the clicking person's workspace, so a stranger's is never ours. */
function senderOf(data: z.infer<z.ZodObject<typeof who>>): { workspace: string; user: string } {
  const workspace = data.team?.id ?? data.user.team_id;
  if (workspace === undefined || (data.user.team_id ?? workspace) !== workspace) throw malformed();
  return { workspace, user: data.user.id };
}

const malformed = (): CountersignError =>
  new CountersignError('invalid-request', 'Slack sent something that contradicts itself; nothing was done');

/**
 * The person of the directory behind a Slack user: by Slack id, never by a name, and only a full member of the workspace.
 *
 * @throws CountersignError forbidden · unauthenticated · unavailable
 */
export async function personBehind(
  desk: Desk<SlackIdentity>,
  workspace: string,
  user: string,
): Promise<{ person: SlackPerson; member: SlackUser }> {
  const member = await desk.users.member(workspace, user);
  const person = await desk.door.personOf(workspace, user, member.verifiedEmail);
  if (person === null) {
    throw new CountersignError(
      'unauthenticated',
      'your Slack account belongs to nobody in the directory; ask whoever keeps it to add your Slack id',
    );
  }
  return { person, member };
}
