/** Answers the person who clicked. It is never silent, and always brings the message up to date. */
import type { RespondFn } from '@slack/bolt';
import { CountersignError, isCountersignError } from '../contract/index.ts';
import {
  type ApprovalMessage,
  type Rendered,
  refusalAnswer,
  renderApprovalMessage,
  shownHash,
} from './blocks/index.ts';
import type { Desk } from './desk.ts';
import { dressed } from './dress.ts';
import type { SlackMessages, SlackOrigin, SlackPosted } from '../gateway/slack-types.ts';
import { forSlack } from './notifier.ts';

/**
 * Says something only this person sees: by its own call, else through the click's `response_url`.
 *
 * @param respond Undefined for a click in a view, where ephemeral messages are impossible and a modal answers instead.
 */
export async function whisper(
  desk: Desk<unknown>,
  origin: SlackOrigin,
  respond: RespondFn | undefined,
  said: Rendered,
): Promise<void> {
  const { channel, user } = origin;
  try {
    if (channel !== 'view') return void (await desk.client.chat.postEphemeral({ channel, user, ...forSlack(said) }));
  } catch (error) {
    desk.log.warn(
      { channel, error: messageOf(error) },
      'an ephemeral message could not be posted; answering the click instead',
    );
  }
  await respond?.({ response_type: 'ephemeral', replace_original: false, ...forSlack(said) });
}

/** Turns any error into one that a person may read. Unexpected errors are logged, and shown without details. */
export function readable(desk: Desk<unknown>, error: unknown): CountersignError {
  if (isCountersignError(error) && error.status !== 500) return error;
  desk.log.error({ error: messageOf(error) }, 'a Slack interaction failed');
  return new CountersignError(
    'unavailable',
    'something went wrong on our side and nothing was sealed; try again, or decide in the console',
    { cause: error },
  );
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Why a click did not count. If somebody has decided already, it says who. */
export async function explain(
  desk: Desk<SlackMessages>,
  error: CountersignError,
  posted: Pick<SlackPosted, 'tenant' | 'action'> | null,
): Promise<Rendered> {
  const late = error.code === 'already-decided' || error.code === 'not-open';
  let message: ApprovalMessage | null = null;
  if (posted !== null && late) message = await desk.door.message(posted.tenant, posted.action).catch(() => null);
  return refusalAnswer(error, message);
}

const rendering = (message: ApprovalMessage, person: string | null) => (plain: boolean) =>
  renderApprovalMessage(message, { person, plain });

/**
 * Updates a posted message to the current state. It checks again after each edit, because the engine's own edit may have come between, and
 * the older of the two must not stay.
 */
export async function rerender(
  desk: Desk<SlackMessages>,
  at: Pick<SlackOrigin, 'workspace' | 'channel' | 'message'>,
): Promise<void> {
  const { workspace, channel, message: ts } = at;
  const posted = await desk.door.posted(workspace, channel, ts);
  if (posted === null) return;
  for (let revision = posted.revision, attempt = 0; attempt < 4; attempt++) {
    const message = await desk.door.message(posted.tenant, posted.action);
    if (message === null || message.revision <= revision) return;
    await desk.door.keepShown(message);
    const { rendered } = await dressed(desk.dressing, rendering(message, posted.person), (made) =>
      desk.client.chat.update({ channel, ts, ...forSlack(made) }),
    );
    revision = message.revision;
    await desk.door.reshown({ workspace, channel, ts, revision, shownHash: shownHash(rendered) });
  }
}
