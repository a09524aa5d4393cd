import type { App, BlockAction } from '@slack/bolt';
import { ACTIONS } from '../../blocks/index.ts';
import type { Desk } from '../../desk.ts';
import { alikeForm } from './alike-form.ts';
import { approveForm } from './approve-form.ts';
import { approveButton } from './approve.ts';
import { extendForm } from './extend-form.ts';
import { grantForm } from './grant-form.ts';
import { liftForm } from './lift-form.ts';
import { openConsole } from './open-console.ts';
import { openFormButton } from './open-form.ts';
import { planForm } from './plan-form.ts';
import { refuseForm } from './refuse-form.ts';
import { returnForm } from './return-form.ts';
import { revokeGrantButton } from './revoke-grant.ts';

export function register(app: App, desk: Desk): void {
  app.action<BlockAction>(ACTIONS.approve, approveButton(desk));
  app.action<BlockAction>(ACTIONS.approveForm, approveForm(desk));
  app.action<BlockAction>(ACTIONS.refuseForm, refuseForm(desk));
  app.action<BlockAction>(ACTIONS.returnForm, returnForm(desk));
  app.action<BlockAction>(ACTIONS.extendForm, extendForm(desk));
  app.action<BlockAction>(ACTIONS.alikeForm, alikeForm(desk));
  app.action<BlockAction>(ACTIONS.grantForm, grantForm(desk));
  app.action<BlockAction>(ACTIONS.revokeGrant, revokeGrantButton(desk));
  app.action<BlockAction>(ACTIONS.planForm, planForm(desk));
  app.action<BlockAction>(ACTIONS.openForm, openFormButton(desk));
  app.action<BlockAction>(ACTIONS.liftForm, liftForm(desk));
  app.action<BlockAction>(ACTIONS.console, openConsole());
}
