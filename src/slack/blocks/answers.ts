/** Answers to `/countersign`, and messages to people whose click did not count. */
import type { ErrorCode } from '../../contract/index.ts';
import { type ApprovalMessage, ACTIONS, buttonValue } from './model.ts';
import { type Rendered, actionsBlock, button, header, help, small } from './parts-6/kit.ts';
import { type Line, dated, inNotification, line, rich, strong } from './parts-6/rich.ts';
import { notified, plainText, sentence } from './parts-6/text.ts';
import { waitingItem } from './home.ts';
import { aboutBlocks } from './message.ts';
import { decisionLines, headline } from './words.ts';

const HELP = [
  '*`/countersign`*: what you can do here',
  '• `pending`: what waits for you',
  '• `show act_…`: one action, by its id or the beginning of it',
  '• `delegate @person until 2026-12-24 [for payments.*]`: while you are away, somebody else decides for you',
  '• `freeze surface payments.refund because REASON`: stop a surface, an `actor`, or `everything`; needs the role; `--unknown` before `because` for what nobody knows yet',
  '• `freezes`, `lift frz_… because REASON`: what is stopped, and how it goes on',
  '• `help`: this',
  'A decision counts only if policy names you; being in a channel gives no authority.',
].join('\n');

export function helpAnswer(problem: string | null = null): Rendered {
  if (problem === null) return { text: HELP, blocks: [help(HELP)] };
  const { text, blocks } = words(problem);
  return { text: `${text}\n\n${HELP}`, blocks: [...blocks, help(HELP)] };
}

export function pendingAnswer(waiting: ApprovalMessage[]): Rendered {
  if (waiting.length === 0) return words('Nothing waits for you.');
  const listed = waiting.slice(0, 10);
  const title = `${waiting.length} waiting for you`;
  const more = waiting.length > listed.length ? [small(['The others are in the Home tab and in the console.'])] : [];
  return { text: title, blocks: [header(title), ...listed.flatMap(waitingItem), ...more] };
}

export function showAnswer(message: ApprovalMessage, person: string): Rendered {
  const title = headline(message);
  const open = button(ACTIONS.openForm, message.ask === null ? 'Open' : 'Decide…', buttonValue(message));
  const blocks = [header(title), ...aboutBlocks(message, { person }), actionsBlock('open', [open])];
  return { text: notified(title, 300), blocks };
}

/** A sentence or two, ours or an error's. @param until Seconds since the epoch, when it speaks of a deadline. */
export function words(text: string, until: number | null = null): Rendered {
  const lines = [line(plainText(sentence(text), 1500)), ...(until === null ? [] : [line('Until ', dated(until), '.')])];
  return inLines(lines);
}

const inLines = (lines: readonly Line[]): Rendered => ({
  text: lines.map(inNotification).join('\n'),
  blocks: [rich(lines)],
});

const TITLES: Partial<Record<ErrorCode, string>> = {
  'not-an-approver': 'This is not yours to decide.',
  'own-request': 'You cannot decide your own request.',
  'already-decided': 'Already decided.',
  'not-open': 'No longer open.',
  'door-closed': 'Not in Slack.',
  frozen: 'Frozen.',
  unavailable: 'Not sealed yet, so not decided.',
  unauthenticated: 'You are not known here.',
  conflict: 'It changed while you looked.',
};

/** The message to a person whose click did not count: why, who decided already, and what to do. */
export function refusalAnswer(error: { code: ErrorCode; message: string }, message: ApprovalMessage | null): Rendered {
  const decided = error.code === 'already-decided' || error.code === 'not-open';
  const last = decided ? message?.decisions.at(-1) : undefined;
  return inLines([
    line(strong(TITLES[error.code] ?? 'That did not count.', 80), ` ${plainText(sentence(error.message), 800)}`),
    ...(last === undefined ? [] : decisionLines(last)),
    line('Nothing was changed by your click.'),
  ]);
}
