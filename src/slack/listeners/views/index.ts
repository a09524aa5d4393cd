import type { App, ViewSubmitAction } from '@slack/bolt';
import { VIEWS } from '../../blocks/index.ts';
import type { Desk } from '../../desk.ts';
import { alike } from './alike.ts';
import { approveSubmission } from './approve.ts';
import { extend } from './extend.ts';
import { grantSubmission } from './grant.ts';
import { lift } from './lift.ts';
import { openSubmission } from './open.ts';
import { planSubmission } from './plan.ts';
import { refuse } from './refuse.ts';
import { returned } from './return.ts';

export function register(app: App, desk: Desk): void {
  app.view<ViewSubmitAction>(VIEWS.approve, approveSubmission(desk));
  app.view<ViewSubmitAction>(VIEWS.refuse, refuse(desk));
  app.view<ViewSubmitAction>(VIEWS.return, returned(desk));
  app.view<ViewSubmitAction>(VIEWS.extend, extend(desk));
  app.view<ViewSubmitAction>(VIEWS.alike, alike(desk));
  app.view<ViewSubmitAction>(VIEWS.grant, grantSubmission(desk));
  app.view<ViewSubmitAction>(VIEWS.plan, planSubmission(desk));
  app.view<ViewSubmitAction>(VIEWS.lift, lift(desk));
  app.view<ViewSubmitAction>(VIEWS.open, openSubmission(desk));
}
