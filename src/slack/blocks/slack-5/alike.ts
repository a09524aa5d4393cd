/** What a person read in the form of several like requests, as `slack/5` rendered it. */
import { type ApprovalMessage, type MessageAlike, INPUTS, MAX_ALIKE, buttonValue } from '../model.ts';
import { type Block, type Rendered, LIMITS, context, input, option } from './kit.ts';
import { mrkdwnText, plainText, shortId } from './text.ts';
import { inOneLine, partyName } from './words.ts';

export function alikeShown(message: ApprovalMessage): Rendered {
  return { text: listed(message), blocks: [...checkboxes(message), context(mrkdwnText(message.responsibility, 600))] };
}

function allAlike(message: ApprovalMessage): MessageAlike[] {
  const { action, revision, stage } = message;
  return [{ action, revision, stage, summary: inOneLine(message) }, ...message.alike].slice(0, MAX_ALIKE);
}

function listed(message: ApprovalMessage): string {
  const all = allAlike(message).length;
  return `${all} requests of *${partyName(message.actor, 80)}* that the same rule of the same policy stopped. Each is decided and sealed by itself.`;
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
