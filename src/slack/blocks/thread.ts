/** What is said beside the message: one line in its thread for each event, and direct messages to the requester. */
import type { Notice, ThreadEvent } from './model.ts';
import { type Rendered, context, section } from './kit.ts';
import { code, link, mrkdwnText, safeUrl, shortId, time } from './text.ts';

const EVENTS: Record<ThreadEvent['kind'], string> = {
  asked: '👋 Now asked to decide',
  reminder: '🔔 Still waiting for a decision',
  warning: '⏰ Running out: without a decision it is refused',
  escalated: '📣 Escalated: more people are asked now',
  approved: '✅ Approved',
  refused: '⛔ Refused',
  returned: '💬 A question to the requester',
  answered: '💬 The requester answered',
  extended: '⏳ The time to decide was extended',
  expired: '⌛ Nobody decided in time: refused',
  cancelled: '🚫 The requester withdrew it',
  released: '🔓 Released: a permit was given',
  executed: '✅ Done, as the executor reports',
  failed: '❌ It failed, as the executor reports',
  skipped: '⏭️ Skipped, as the executor reports',
  unreported: '❓ The executor never reported what happened',
  lapsed: '💤 Nobody redeemed the permit in time: nothing happened',
  frozen: '🧊 Frozen: nothing is released until the freeze is lifted',
  thawed: '🌤 The freeze is lifted',
  break_glass: '🚨 Released at once, in an emergency: a review is open',
  review_overdue: '🚨 The review is overdue',
  reviewed: '🔎 Reviewed',
};

/** People mentioned in one line: more would be a nuisance, and the message itself names them. */
const MAX_MENTIONS = 20;

/** One line of a thread. @param mentions Slack ids of those it asks for something. */
export function renderThreadEvent(event: ThreadEvent, mentions: readonly string[] = []): Rendered {
  const ids = mentions.filter((id) => /^[UW][A-Z0-9]{1,30}$/.test(id)).slice(0, MAX_MENTIONS);
  const all = ids.length > 0 && ids.length === event.people?.length;
  const by = event.by === null ? '' : ` by *${mrkdwnText(event.by, 80)}*`;
  const until = event.until === null ? '' : ` · until ${time(event.until)}`;
  const detail = event.detail === null || all ? '' : `\n“${mrkdwnText(event.detail, 1500)}”`;
  const whom = ids.length === 0 ? '' : `\n${ids.map((id) => `<@${id}>`).join(' ')}`;
  const text = `${EVENTS[event.kind]}${by}${until}${detail}${whom}`;
  return { text, blocks: [section(text)] };
}

/** A direct message to one person. */
export function renderNotice(notice: Notice): Rendered {
  const url = safeUrl(notice.consoleUrl);
  const headline = mrkdwnText(notice.headline, 200);
  const lines = [
    ...notice.lines.slice(0, 8).map((line) => mrkdwnText(line, 300)),
    ...(notice.until == null ? [] : [time(notice.until)]),
  ];
  const footer = [code(shortId(notice.action), 20), ...(url === null ? [] : [link(url, 'console')])].join(' · ');
  return {
    text: [headline, ...lines].join('\n'),
    blocks: [section([`*${headline}*`, ...lines].join('\n')), context(footer)],
  };
}
