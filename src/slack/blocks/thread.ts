/** Notes beside the message: one line in its thread for each event, and direct messages to the requester. */
import type { Notice, ThreadEvent } from './model.ts';
import { revokeButton } from './grants.ts';
import { type Rendered, actionsBlock, small } from './parts-6/kit.ts';
import { type Line, dated, inNotification, line, rich, said, strong } from './parts-6/rich.ts';
import { link, plainText, safeUrl, shortId } from './parts-6/text.ts';

/** An event as a symbol and as words, which mails use too. */
const EVENTS: Record<ThreadEvent['kind'], readonly [sign: string, words: string]> = {
  asked: ['👋', 'Now asked to decide'],
  reminder: ['🔔', 'Still waiting for a decision'],
  warning: ['⏰', 'Running out: without a decision it is refused'],
  escalated: ['📣', 'Escalated: more people are asked now'],
  approved: ['✅', 'Approved'],
  refused: ['⛔', 'Refused'],
  returned: ['💬', 'A question to the requester'],
  answered: ['💬', 'The requester answered'],
  extended: ['⏳', 'The time to decide was extended'],
  expired: ['⌛', 'Nobody decided in time: refused'],
  cancelled: ['🚫', 'Withdrawn'],
  released: ['🔓', 'Approved, not collected yet: a permit waits'],
  executed: ['✅', 'Done, as the executor reports'],
  failed: ['❌', 'It failed, as the executor reports'],
  skipped: ['⏭️', 'Skipped, as the executor reports'],
  unreported: ['❓', 'The executor never reported what happened'],
  granted: ['🔁', 'The like was released under this standing approval'],
  grant_given: ['🔁', 'A standing approval was given for the like of this'],
  grant_revoked: ['✋', 'The standing approval was ended: nothing more is released under it'],
  lapsed: ['💤', 'Nobody redeemed the permit in time: nothing happened'],
  frozen: ['🧊', 'Frozen: nothing is released until the freeze is lifted'],
  thawed: ['🌤', 'The freeze is lifted'],
  break_glass: ['🚨', 'Released at once, in an emergency: a review is open'],
  review_overdue: ['🚨', 'The review is overdue'],
  reviewed: ['🔎', 'Reviewed'],
};

/** An event in words alone. */
export const happenedInWords = (kind: ThreadEvent['kind']): string => EVENTS[kind][1];

/** People mentioned in one line: more would be a nuisance, and the message itself names them. */
const MAX_MENTIONS = 20;

/** One line of a thread. @param mentions Slack ids of people who are asked for something. */
export function renderThreadEvent(event: ThreadEvent, mentions: readonly string[] = []): Rendered {
  const ids = mentions.filter((id) => /^[UW][A-Z0-9]{1,30}$/.test(id)).slice(0, MAX_MENTIONS);
  const all = ids.length > 0 && ids.length === event.people?.length;
  const lines: Line[] = [
    line(
      EVENTS[event.kind].join(' '),
      ...(event.by === null ? [] : [' by ', strong(event.by, 80)]),
      ...(event.until === null ? [] : [' · until ', dated(event.until)]),
    ),
  ];
  if (event.detail !== null && !all) lines.push(line(`“${plainText(event.detail, 1500)}”`));
  const text = lines.map(inNotification);
  if (ids.length > 0) {
    lines.push(ids.flatMap((id, index) => [...(index === 0 ? [] : [said(' ')]), { type: 'user', user_id: id }]));
    text.push(ids.map((id) => `<@${id}>`).join(' '));
  }
  const end =
    event.grant === undefined ? [] : [actionsBlock(null, [revokeButton(event.grant, 'End this standing approval')])];
  return { text: text.join('\n'), blocks: [rich(lines), ...end] };
}

/** A direct message to one person. */
export function renderNotice(notice: Notice): Rendered {
  const url = safeUrl(notice.consoleUrl);
  const lines: Line[] = [
    line(strong(notice.headline, 200)),
    ...notice.lines.slice(0, 8).map((text) => line(plainText(text, 300))),
    ...(notice.until == null ? [] : [line(dated(notice.until))]),
  ];
  return {
    text: lines.map(inNotification).join('\n'),
    blocks: [rich(lines), small([shortId(notice.action)], url === null ? null : link(url, 'console'))],
  };
}
