/** Several similar requests decided in one modal. Each is decided and sealed separately. */
import { type ApprovalMessage, type MessageAlike, INPUTS, MAX_ALIKE, buttonValue } from './model.ts';
import { type Block, type Rendered, type View, LIMITS, input, option, small } from './parts-6/kit.ts';
import { type Line, inNotification, line, rich } from './parts-6/rich.ts';
import { plainText, shortId } from './parts-6/text.ts';
import { choice, form, reasonHint, reasonInput, type ModalOptions } from './modals.ts';
import { inOneLine, named } from './words.ts';

/** The request itself first, then those like it, at most {@link MAX_ALIKE}. */
export function allAlike(message: ApprovalMessage): MessageAlike[] {
  const { action, revision, stage } = message;
  return [{ action, revision, stage, summary: inOneLine(message) }, ...message.alike].slice(0, MAX_ALIKE);
}

export function alikeModal(message: ApprovalMessage, options: ModalOptions): View {
  const blocks: Block[] = [
    rich([listed(message)]),
    ...checkboxes(message),
    choice([option('Approve them', 'approve'), option('Refuse them', 'refuse')], options),
    reasonInput('Reason for all of them', 'optional', options, reasonHint(message)),
    small([plainText(message.responsibility, 600)]),
  ];
  return form({ name: 'alike', title: 'Decide together', submit: 'Decide', blocks }, options);
}

/** What the person was shown, without anything that changes by the minute. It is hashed and sealed with each decision. */
export function alikeShown(message: ApprovalMessage): Rendered {
  const what = listed(message);
  return {
    text: inNotification(what),
    blocks: [rich([what]), ...checkboxes(message), small([plainText(message.responsibility, 600)])],
  };
}

function listed(message: ApprovalMessage): Line {
  const all = allAlike(message).length;
  return line(
    `${all} requests of `,
    named(message.actor),
    ' that the same rule of the same policy stopped. Each is decided and sealed by itself.',
  );
}

function checkboxes(message: ApprovalMessage): Block[] {
  const all = allAlike(message).map((item) =>
    option(plainText(item.summary, LIMITS.option), buttonValue(item), shortId(item.action)),
  );
  const blocks: Block[] = [];
  for (let at = 0; at < all.length; at += LIMITS.checkboxes) {
    const options = all.slice(at, at + LIMITS.checkboxes);
    const index = at / LIMITS.checkboxes;
    blocks.push(
      input(
        INPUTS.alike(index),
        index === 0 ? 'Which of them' : 'More of them',
        { type: 'checkboxes', options, initial_options: options },
        { optional: all.length > LIMITS.checkboxes },
      ),
    );
  }
  return blocks;
}
