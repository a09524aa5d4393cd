/** What a person read in the form of one action, as `slack/7` rendered it. */
import type { JsonObject } from '../../../contract/index.ts';
import { type ApprovalMessage, type MessageChangeable, INPUTS, MAX_CHANGES } from '../model.ts';
import { type Block, type Rendered, LIMITS, input, option, plain, small } from '../parts-6/kit.ts';
import { line, rich, strong } from '../parts-6/rich.ts';
import { plainText } from '../parts-6/text.ts';
import { isWithheld } from '../parts-7/unread.ts';
import { aboutBlocks } from './message.ts';
import { pagesOf } from '../parts-7/pages.ts';
import { what } from './words.ts';

export function openShown(message: ApprovalMessage, person: string): Rendered {
  const pages = canDecide(message) ? pagesOf(message) : [];
  const decision = openBlocks(message, person);
  return { text: what(message), blocks: [...pages, decision].flatMap((page) => page.slice(0, LIMITS.viewBlocks)) };
}

function canDecide(message: ApprovalMessage): boolean {
  const passkey = message.ask === 'decision' && message.stages[message.stage]?.passkey === true;
  return message.ask !== null && message.controls.via.includes('slack') && !passkey;
}

function openBlocks(message: ApprovalMessage, person: string): Block[] {
  const blocks = [rich([line(strong(what(message), 120))]), ...aboutBlocks(message, { person })];
  if (!canDecide(message)) return blocks;
  const review = message.ask === 'review';
  const options = [
    ...(isWithheld(message) ? [] : [option(review ? 'It was right' : 'Approve', 'approve')]),
    option(review ? 'It was wrong' : 'Refuse', 'refuse'),
    ...(!review && message.controls.mayReturn ? [option('Ask a question', 'return')] : []),
  ];
  return [
    ...blocks,
    input(INPUTS.decision, 'Your decision', { type: 'radio_buttons', options }),
    ...(review ? [] : changeInputs(message)),
    reasonInput(message),
    ...(review ? [] : [small([plainText(message.responsibility, 600)])]),
  ];
}

function reasonInput(message: ApprovalMessage): Block {
  const always = message.ask === 'review' || message.controls.approveReason === 'required';
  const hint = always ? 'Needed for every decision.' : 'Needed for everything but approving.';
  const element: JsonObject = { type: 'plain_text_input', multiline: true, max_length: LIMITS.reason };
  return input(INPUTS.reason, 'Reason', element, { optional: true, hint: plain(hint, 150) });
}

function changeInputs(message: ApprovalMessage): Block[] {
  return message.controls.mayChange.slice(0, MAX_CHANGES).map((change, index) => {
    const label = `Change ${plainText(change.label, 80)}`;
    const hint = change.kind === 'text' ? 'Leave it as it is to change nothing.' : 'It can only be lowered.';
    return input(INPUTS.change(index), label, changeElement(change), { optional: true, hint: plain(hint, 150) });
  });
}

function changeElement({ kind, value: initial }: MessageChangeable): JsonObject {
  const numeric = initial === null || /^-?\d{1,40}(\.\d{1,40})?$/.test(initial);
  if (kind === 'number' && numeric) {
    return {
      type: 'number_input',
      is_decimal_allowed: true,
      ...(initial === null ? {} : { initial_value: initial }),
    };
  }
  const value = initial === null ? '' : plainText(initial, 500);
  return { type: 'plain_text_input', max_length: 500, ...(value === '' ? {} : { initial_value: value }) };
}
