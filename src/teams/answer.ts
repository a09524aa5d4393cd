/** Answers to a click (learn.microsoft.com/adaptive-cards/authoring-cards/universal-action-model). */
import type { CountersignError, ErrorCode, JsonObject } from '../contract/index.ts';
import type { ApprovalMessage } from '../notify/approval-message.ts';
import { refusalAnswer as inSlack, textsOf } from '../slack/blocks/index.ts';
import type { Card } from './card/index.ts';

/** The body of the answer to an invoke. */
export type InvokeAnswer = JsonObject & { statusCode: number; type: string };

/** The current card, which replaces the clicked one. */
export const cardAnswer = (card: Card): InvokeAnswer => ({
  statusCode: 200,
  type: 'application/vnd.microsoft.card.adaptive',
  value: card,
});

/** Text below the card. Clients read it as markdown, so markup is removed. */
export const textAnswer = (text: string): InvokeAnswer => ({
  statusCode: 200,
  type: 'application/vnd.microsoft.activity.message',
  value: text.replace(/[*`~<>[\]\\|#]/g, ''),
});

/** Why a click did not count, in the words of Slack's door. */
export function cardRefusal(
  error: Pick<CountersignError, 'message'> & { code: ErrorCode },
  message: ApprovalMessage | null,
): InvokeAnswer {
  const words = textsOf(inSlack(error, message)).join('\n');
  return textAnswer(error.code === 'door-closed' ? words.replace('Not in Slack.', 'Not in Teams.') : words);
}
