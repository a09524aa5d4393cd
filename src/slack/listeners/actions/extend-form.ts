import type { BlockAction, Middleware, SlackActionMiddlewareArgs } from '@slack/bolt';
import { extendModal } from '../../blocks/index.ts';
import type { DecisionDoor, Desk } from '../../desk.ts';
import { openForm, sealedFor } from '../../opening.ts';

/** Opens the form that extends the wait, within policy's limit. */
export const extendForm =
  (desk: Desk<DecisionDoor>): Middleware<SlackActionMiddlewareArgs<BlockAction>> =>
  async ({ ack, body, respond }) => {
    // Opening a form decides nothing, so it is acknowledged immediately.
    await ack();
    await openForm(desk, 'extend', body, respond, (admitted, { origin }) =>
      extendModal(admitted.subject.message, { metadata: sealedFor(desk, 'extend', origin, admitted) }),
    );
  };
