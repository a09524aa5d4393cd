/** One message about several actions: the status of each, and the button that opens it whole. Nothing is decided from this message. */
import type { DigestMessage } from '../../notify/notifier.ts';
import { waitingItem } from './home.ts';
import type { ApprovalMessage } from './model.ts';
import { type Block, type Rendered, header, small } from './parts-6/kit.ts';
import { inNotification, line, linked, rich, strong } from './parts-6/rich.ts';
import { plainText, safeUrl, shortId } from './parts-6/text.ts';
import { stateWords, what, whoAsks } from './words.ts';

/** Two blocks each, a header and a line below: less than the fifty that Slack takes. */
const LISTED_MAX = 20;

export function renderDigest({ items, consoleUrl }: DigestMessage): Rendered {
  const listed = items.slice(0, LISTED_MAX);
  const waiting = items.filter(({ ask }) => ask === 'decision').length;
  const title =
    waiting === 0
      ? 'All of these are settled'
      : `${String(waiting)} ${waiting === 1 ? 'request waits' : 'requests wait'} for a decision`;
  const url = safeUrl(consoleUrl === null ? null : `${consoleUrl}/console`);
  const more =
    items.length > listed.length ? [`And ${String(items.length - listed.length)} more: see the console.`] : [];
  return {
    text: [
      title,
      ...listed.slice(0, 5).map((item) => inNotification(line(plainText(`${stateWords(item)}: ${what(item)}`, 150)))),
    ].join('. '),
    blocks: [
      header(title),
      ...listed.flatMap((item) => (item.ask === 'decision' ? waitingItem(item) : [settledItem(item)])),
      small(['Each is opened whole before it is decided.', ...more]),
      ...(url === null ? [] : [rich([line(linked(url, 'Open the console'))])]),
    ],
  };
}

/** The status of an action that cannot be decided now. */
function settledItem(message: ApprovalMessage): Block {
  return rich([
    line(strong(`${stateWords(message)}: ${what(message)}`, 150)),
    whoAsks(message),
    line(shortId(message.action)),
  ]);
}
