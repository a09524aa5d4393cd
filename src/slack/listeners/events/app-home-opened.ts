import type { Middleware, SlackEventMiddlewareArgs } from '@slack/bolt';
import { homeView, noHomeView, type View } from '../../blocks/index.ts';
import { readable } from '../../answer.ts';
import type { Desk } from '../../desk.ts';
import type { SlackGrants, SlackIdentity, SlackInbox, SlackOrders } from '../../../gateway/slack-types.ts';
import { personBehind } from '../../origin.ts';
import { toSlackView } from '../../web.ts';

/** The parts of the door that the Home tab uses. */
export type HomeDoor = SlackIdentity & SlackInbox & Pick<SlackOrders, 'freezes'> & Pick<SlackGrants, 'grants'>;

/** The inbox: what waits, what is overdue, what was decided. */
export const appHomeOpened =
  (desk: Desk<HomeDoor>): Middleware<SlackEventMiddlewareArgs<'app_home_opened'>> =>
  async ({ event, body }) => {
    if (event.tab !== 'home') return;
    const view = await home(desk, body.team_id, event.user).catch((error: unknown) =>
      noHomeView(readable(desk, error).message),
    );
    await desk.client.views.publish({ user_id: event.user, view: toSlackView(view) });
  };

/** Also renders the tab again after a change in it. */
export async function home(desk: Desk<HomeDoor>, workspace: string, user: string): Promise<View> {
  const { person } = await personBehind(desk, workspace, user);
  const [waiting, decided, reviews, frozen, grants] = await Promise.all([
    desk.door.waitingFor(person),
    desk.door.decidedBy(person),
    desk.door.overdueReviews(person),
    desk.door.freezes(person),
    desk.door.grants(person),
  ]);
  return homeView({ name: person.name, waiting, decided, reviews, grants, ...frozen });
}
