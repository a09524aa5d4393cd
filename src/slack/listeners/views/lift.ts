import type { Middleware, SlackViewMiddlewareArgs, ViewSubmitAction } from '@slack/bolt';
import { CountersignError } from '../../../contract/index.ts';
import { formError, INPUTS, VIEWS } from '../../blocks/index.ts';
import { keepRefusal } from '../../admit.ts';
import { readable } from '../../answer.ts';
import type { Desk } from '../../desk.ts';
import type { SlackDecisions, SlackOrders, SlackOrigin } from '../../../gateway/slack-types.ts';
import { personBehind, readSubmission } from '../../origin.ts';
import { needReason } from '../../submitting.ts';
import { home, type HomeDoor } from '../events/app-home-opened.ts';
import { toSlackView } from '../../web.ts';

type LiftDoor = HomeDoor & Pick<SlackOrders, 'lift'> & Pick<SlackDecisions, 'refused'>;

/** Lifting a freeze: sealed with the reason, then the Home tab shows what is left. */
export const lift =
  (desk: Desk<LiftDoor>): Middleware<SlackViewMiddlewareArgs<ViewSubmitAction>> =>
  async ({ ack, body }) => {
    let who: SlackOrigin | null = null;
    try {
      const submission = readSubmission(body);
      const { workspace, user, viewId } = submission;
      who = { workspace, user, channel: 'view', message: `view:${viewId}` };
      const meta = desk.seal.open(submission.metadata, Math.floor(desk.now() / 1000));
      if (meta === null || meta.kind !== VIEWS.lift || meta.workspace !== workspace || meta.user !== user) {
        throw new CountersignError('forbidden', 'this form was not opened for you, or too long ago; open it again');
      }
      const reason = needReason(submission);
      const { person } = await personBehind(desk, workspace, user);
      if (person.tenant !== meta.tenant) throw new CountersignError('not-found', 'there is no such freeze in force');
      await desk.door.lift(person, { id: meta.action, reason, slack: who });
    } catch (error) {
      const known = readable(desk, error);
      if (who !== null) keepRefusal(desk, 'lift', known, who, { tenant: null, action: null, person: null });
      const text = formError(known.message, 'nothing was changed');
      return ack({ response_action: 'errors', errors: { [INPUTS.reason]: text } });
    }
    await ack();
    const { workspace, user } = who;
    desk.tasks.run(
      'showing the Home tab',
      home(desk, workspace, user).then((view) =>
        desk.client.views.publish({ user_id: user, view: toSlackView(view) }).then(() => undefined),
      ),
    );
  };
