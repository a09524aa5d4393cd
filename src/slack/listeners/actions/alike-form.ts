import type { BlockAction, Middleware, SlackActionMiddlewareArgs } from '@slack/bolt';
import { alikeModal, alikeShown, shownHash } from '../../blocks/index.ts';
import type { DecisionDoor, Desk } from '../../desk.ts';
import { openForm, sealedFor } from '../../opening.ts';

/** Decides several similar requests together. The list in the form is what was shown, and is sealed as such. */
export const alikeForm =
  (desk: Desk<DecisionDoor>): Middleware<SlackActionMiddlewareArgs<BlockAction>> =>
  async ({ ack, body, respond }) => {
    await ack();
    await openForm(desk, 'alike', body, respond, (admitted, { origin }) => {
      const hash = shownHash(alikeShown(admitted.subject.message));
      return alikeModal(admitted.subject.message, { metadata: sealedFor(desk, 'alike', origin, admitted, hash) });
    });
  };
