/** What a person read in the form of several like requests, as `slack/7` rendered it. */
import { type ApprovalMessage, type MessageAlike, INPUTS, MAX_ALIKE, buttonValue } from '../model.ts';
import { type Block, type Rendered, LIMITS, input, option, small } from '../parts-6/kit.ts';
import { type Line, inNotification, line, rich } from '../parts-6/rich.ts';
import { plainText, shortId } from '../parts-6/text.ts';
import { inOneLine, named } from './words.ts';

function allAlike(message: ApprovalMessage): MessageAlike[] {
  const { action, revision, stage } = message;
  return [{ action, revision, stage, summary: inOneLine(message) }, ...message.alike].slice(0, MAX_ALIKE);
}

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
