import type { BlockAction, Middleware, SlackActionMiddlewareArgs } from '@slack/bolt';
import { refuseModal } from '../../blocks/index.ts';
import type { DecisionDoor, Desk } from '../../desk.ts';
import { openForm, sealedFor } from '../../opening.ts';

/** Opens the form of a refusal, which always wants a reason. */
export const refuseForm =
  (desk: Desk<DecisionDoor>): Middleware<SlackActionMiddlewareArgs<BlockAction>> =>
  async ({ ack, body, respond }) => {
    // Opening a form decides nothing, so it is acknowledged immediately.
    await ack();
    await openForm(desk, 'refuse', body, respond, (admitted, { origin }) =>
      refuseModal(admitted.subject.message, { metadata: sealedFor(desk, 'refuse', origin, admitted) }),
    );
  };
