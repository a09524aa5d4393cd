/** Plain text beside the card: what happened to an action, and lines to one person. */
import type { Notice, ThreadEvent } from '../../notify/notifier.ts';
import { dateOf, plainText } from '../../slack/blocks/parts-6/text.ts';
import { happenedInWords } from '../../slack/blocks/thread.ts';

const until = (at: number): string => dateOf(at)?.utc ?? 'an unknown time';

/** What happened, by whom and why. */
export function eventText(event: ThreadEvent): string {
  const by = event.by === null ? '' : ` by ${plainText(event.by, 80)}`;
  const time = event.until === null ? '' : `, until ${until(event.until)}`;
  const detail = event.detail === null ? [] : [`“${plainText(event.detail, 1500)}”`];
  return [`${happenedInWords(event.kind)}${by}${time}`, ...detail].join('\n');
}

/** A line to one person, such as the requester. */
export function noticeText({ headline, lines, until: at, action, consoleUrl }: Notice): string {
  return [
    plainText(headline, 200),
    ...lines.slice(0, 8).map((one) => plainText(one, 300)),
    ...(at == null ? [] : [`Until ${until(at)}.`]),
    plainText(action, 100),
    ...(consoleUrl === null ? [] : [consoleUrl]),
  ].join('\n');
}
