/**
 * The renderer `slack/7`, as it was when records were sealed with it. Nothing here changes, nor in `parts-6`: from a model that was kept it
 * makes the same bytes, and so the hash that the record holds. Golden files hold it to that. A part that has to change gets a new number.
 */
import type { ApprovalMessage, ShownView } from '../model.ts';
import { alikeShown } from './alike.ts';
import type { Rendered } from '../parts-6/kit.ts';
import { renderMessage } from './message.ts';
import { openShown } from './open.ts';

export function renderSlack7(view: ShownView, person: string | null, model: ApprovalMessage): Rendered {
  switch (view) {
    case 'message':
      return renderMessage(model, { person });
    case 'open':
      return openShown(model, person ?? '');
    case 'alike':
      return alikeShown(model);
  }
}
