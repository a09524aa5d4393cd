import type { BlockAction, Middleware, SlackActionMiddlewareArgs } from '@slack/bolt';
import { grantModal } from '../../blocks/index.ts';
import type { DecisionDoor, Desk } from '../../desk.ts';
import { openForm, sealedFor } from '../../opening.ts';

/** Opens the form of a standing approval, within policy's bounds. */
export const grantForm =
  (desk: Desk<DecisionDoor>): Middleware<SlackActionMiddlewareArgs<BlockAction>> =>
  async ({ ack, body, respond }) => {
    // Opening a form decides nothing, so it is acknowledged immediately.
    await ack();
    await openForm(desk, 'grant', body, respond, (admitted, { origin }) => {
      const now = Math.floor(desk.now() / 1000);
      return grantModal(admitted.subject.message, { metadata: sealedFor(desk, 'grant', origin, admitted), now });
    });
  };
