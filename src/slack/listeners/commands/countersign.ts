import type { Middleware, SlackCommandMiddlewareArgs } from '@slack/bolt';
import { CountersignError } from '../../../contract/index.ts';
import {
  freezesAnswer,
  frozenWhat,
  helpAnswer,
  pendingAnswer,
  refusalAnswer,
  showAnswer,
  words,
  type Rendered,
} from '../../blocks/index.ts';
import { keepRefusal } from '../../admit.ts';
import { readable } from '../../answer.ts';
import type { Desk } from '../../desk.ts';
import type {
  SlackDecisions,
  SlackIdentity,
  SlackInbox,
  SlackMessages,
  SlackOrders,
  SlackOrigin,
} from '../../../gateway/slack-types.ts';
import { forSlack } from '../../notifier.ts';
import { personBehind } from '../../origin.ts';
import { HOLD_MS, LATE, orLate } from '../../tasks.ts';
import { parseCommand, untilOf } from './parse.ts';

/** The parts of the door that the command uses. */
export type CommandDoor = SlackIdentity &
  Pick<SlackMessages, 'find'> &
  Pick<SlackInbox, 'waitingFor'> &
  SlackOrders &
  Pick<SlackDecisions, 'refused'>;

/** `/countersign`: answered to the person alone. */
export const countersignCommand =
  (desk: Desk<CommandDoor>): Middleware<SlackCommandMiddlewareArgs> =>
  async ({ ack, command, respond }) => {
    const origin: SlackOrigin = {
      workspace: command.team_id,
      user: command.user_id,
      channel: command.channel_id,
      message: `view:command`,
    };
    const work = answer(desk, origin, command.text).catch((error: unknown) => {
      keepRefusal(desk, 'command', error, origin, { tenant: null, action: null, person: null });
      return refusalAnswer(readable(desk, error), null);
    });
    const said = await orLate(work, HOLD_MS);
    if (said !== LATE) return ack({ response_type: 'ephemeral', ...forSlack(said) });
    await ack();
    const later = work.then((late) => respond({ response_type: 'ephemeral', ...forSlack(late) }));
    desk.tasks.run('an answer to /countersign', later);
  };

async function answer(desk: Desk<CommandDoor>, origin: SlackOrigin, text: string): Promise<Rendered> {
  const order = parseCommand(text);
  if (order.verb === 'help') return helpAnswer(order.problem);
  const { person, member } = await personBehind(desk, origin.workspace, origin.user);
  switch (order.verb) {
    case 'pending':
      return pendingAnswer(await desk.door.waitingFor(person));
    case 'show': {
      const message = await desk.door.find(person, order.id);
      if (message === null) {
        throw new CountersignError('not-found', 'there is no such action, or it is not yours to see');
      }
      return showAnswer(message, person.id);
    }
    case 'delegate': {
      const until = untilOf(order.until, member.tz, desk.now());
      const { name } = await desk.door.delegate(person, {
        to: order.to,
        surfaces: order.surfaces,
        until,
        slack: origin,
      });
      return words(`${name} decides for you on ${order.surfaces.join(', ')} from now on`, until);
    }
    case 'freeze': {
      const { id, scope, stops } = await desk.door.freeze(person, {
        scope: order.scope,
        unknown: order.unknown,
        reason: order.reason,
        slack: origin,
      });
      return words(
        `frozen: ${frozenWhat(scope)}${stops === null ? '' : `; it stops ${stops.surfaces} surfaces of policies, ${stops.actors} known actors and ${stops.actions} waiting actions now`}. Nothing of it is released until it is lifted: lift ${id.slice(0, 12)} because REASON`,
      );
    }
    case 'freezes':
      return freezesAnswer((await desk.door.freezes(person)).freezes);
    case 'lift': {
      const lifted = await desk.door.lift(person, { id: order.id, reason: order.reason, slack: origin });
      return words(`lifted: ${frozenWhat(lifted.scope)}. What was approved meanwhile goes on`);
    }
  }
}
