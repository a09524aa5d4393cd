/** The message of `slack/5`: it stays as it is, so that what was sealed with it can be rendered again. */
import type { Json, JsonObject } from '../../../contract/index.ts';
import { type ApprovalMessage, ACTIONS, buttonValue } from '../model.ts';
import {
  type Block,
  type Rendered,
  actionsBlock,
  button,
  context,
  fields,
  header,
  linkButton,
  section,
} from './kit.ts';
import { code, link, mrkdwnOrMore, mrkdwnText, safeUrl, shortId } from './text.ts';
import { asked, deadline, decisionLine, headline, helps, progress, what, whoAsks, whyYou } from './words.ts';

export interface RenderOptions {
  /** Directory id of the reader: adds why they are asked. */
  person?: string | null;
}

export function renderMessage(message: ApprovalMessage, options: RenderOptions = {}): Rendered {
  const frame = [header(headline(message)), ...controls(message), footer(message)];
  const [top, ...rest] = frame as [Block, ...Block[]];
  return { text: fallback(message), blocks: [top, ...aboutBlocks(message, options, MAX_TEXT - size(frame)), ...rest] };
}

/** Characters in all blocks of a message: Slack refuses more than 12,000 (`msg_blocks_too_long`). */
const MAX_TEXT = 11_500;

/** A block and its priority for being dropped when the message is too long: the highest first, 0 never. */
interface Part {
  block: Block;
  spare: number;
}

/** All of the message but its buttons: also the inside of the modal that opens from the Home tab. */
export function aboutBlocks(message: ApprovalMessage, options: RenderOptions = {}, budget = MAX_TEXT): Block[] {
  const parts = partsOf(message, options);
  for (let left = size(parts.map(({ block }) => block)); left > budget;) {
    const spare = Math.max(...parts.map((part) => part.spare));
    if (spare === 0) break;
    const [gone] = parts.splice(
      parts.findIndex((part) => part.spare === spare),
      1,
    );
    left -= gone === undefined ? 0 : size([gone.block]);
  }
  return parts.map(({ block }) => block);
}

function partsOf(message: ApprovalMessage, options: RenderOptions): Part[] {
  const url = safeUrl(message.consoleUrl);
  const open = message.ask !== null;
  const deciding = message.ask === 'decision';
  const you = deciding && options.person != null ? whyYou(message, options.person) : null;
  const glance = [whoAsks(message), because(message, url), open ? deadline(message) : null, you];
  const parts: Part[] = [{ block: section(lines(glance)), spare: 0 }];
  if (message.facts.length > 0) {
    parts.push({ block: fields(message.facts.map(({ label, value }) => fact(label, value, url))), spare: 4 });
  }
  message.decisions.slice(-3).forEach((decision, index, latest) => {
    parts.push({ block: section(decisionLine(decision)), spare: index === latest.length - 1 ? 0 : 3 });
  });
  if (message.review?.result != null) {
    parts.push({ block: section(`*Review:* ${mrkdwnText(message.review.result, 300)}`), spare: 0 });
  }
  const small: [string | null, number][] = [
    [lines([progress(message), deciding || message.state === 'expired' ? asked(message) : null]), 0],
    [deciding ? helps(message) : null, 2],
    [open ? notShown(message, url) : null, 0],
    [lines(message.notes.slice(-5).map((note) => `• ${mrkdwnText(note, 200)}`)), 1],
  ];
  for (const [text, spare] of small) if (text !== null && text !== '') parts.push({ block: context(text), spare });
  return parts;
}

const lines = (all: readonly (string | null)[]): string => all.filter((line) => line !== null).join('\n');

/** Characters of all texts in blocks. */
function size(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + size(item), 0);
  const length = typeof value['text'] === 'string' ? value['text'].length : 0;
  return Object.values(value).reduce<number>((sum, item) => sum + size(item), length);
}

function because(message: ApprovalMessage, url: string | null): string | null {
  const reasons = message.why.reasons.slice(0, 3).map((reason) => mrkdwnOrMore(reason, 260, url));
  if (reasons.length > 0) return `*Why:* ${reasons.join(' · ')}`;
  return message.why.rule === null ? null : `*Why:* rule ${code(message.why.rule, 80)}`;
}

const fact = (label: string, value: string, url: string | null): string =>
  `*${mrkdwnText(label, 60)}*\n${mrkdwnOrMore(value, 160, url)}`;

function notShown(message: ApprovalMessage, url: string | null): string | null {
  const more = Math.max(0, message.facts.length - 10);
  const parts: string[] = [];
  if (more > 0) parts.push(`${more} more values`);
  if (Number.isSafeInteger(message.withheld) && message.withheld > 0) {
    parts.push(`${message.withheld} values that policy does not disclose here`);
  }
  if (parts.length === 0) return null;
  return `Not shown: ${parts.join(', ')}${url === null ? '' : ` · ${link(url, 'see in the console')}`}`;
}

function controls(message: ApprovalMessage): Block[] {
  if (message.ask === null) return [];
  const stage = message.stages[message.stage];
  const passkey = message.ask === 'decision' && stage?.passkey === true;
  if (!message.controls.via.includes('slack') || passkey) return elsewhere(message, passkey);
  const value = buttonValue(message);
  const about = what(message);
  const review = message.ask === 'review';
  const form = review || message.controls.approveReason === 'required';
  const approve = review ? 'It was right…' : form ? 'Approve…' : 'Approve';
  const elements: JsonObject[] = [
    button(form ? ACTIONS.approveForm : ACTIONS.approve, approve, value, {
      style: 'primary',
      label: `${review ? 'It was right' : 'Approve'}: ${about}`,
    }),
    button(ACTIONS.refuseForm, review ? 'It was wrong…' : 'Refuse…', value, {
      style: 'danger',
      label: `${review ? 'It was wrong' : 'Refuse'}: ${about}`,
    }),
  ];
  if (!review) {
    // One click approves the request as asked. Changes have their own form.
    if (!form && message.controls.mayChange.length > 0) {
      elements.push(button(ACTIONS.approveForm, 'Change…', value, { label: `Change and approve: ${about}` }));
    }
    if (message.controls.mayReturn) elements.push(button(ACTIONS.returnForm, 'Ask a question…', value));
    if (message.controls.extendUntil !== null) elements.push(button(ACTIONS.extendForm, 'More time…', value));
    const alike = message.alike.length;
    if (alike > 0) elements.push(button(ACTIONS.alikeForm, `Decide ${alike + 1} alike…`, value));
  }
  const sentence = review ? [] : [context(mrkdwnText(message.responsibility, 400))];
  return [...sentence, actionsBlock('controls', elements)];
}

/** Where a decision in Slack does not count, there is a link, and no button that suggests otherwise. */
function elsewhere(message: ApprovalMessage, passkey: boolean): Block[] {
  const url = safeUrl(message.consoleUrl);
  const why = passkey ? 'This step counts only with your passkey.' : 'Policy wants this decided outside Slack.';
  if (url !== null) {
    return [
      context(`${why} Decide in the console.`),
      actionsBlock('controls', [linkButton(ACTIONS.console, 'Open console', url)]),
    ];
  }
  const how = passkey ? 'the console' : `the console, or with ${code(`countersign approve ${message.action}`, 120)}`;
  return [context(`${why} Decide in ${how}.`)];
}

function footer(message: ApprovalMessage): Block {
  const url = safeUrl(message.consoleUrl);
  const parts = [code(shortId(message.action), 20)];
  if (message.surface !== message.why.policy) parts.push(mrkdwnText(message.surface, 60));
  if (message.why.policy !== null) {
    const rule = message.why.rule === null ? '' : ` / ${mrkdwnText(message.why.rule, 60)}`;
    parts.push(`policy ${mrkdwnText(message.why.policy, 60)}${rule}`);
  }
  if (message.receipt !== null) parts.push(`record ${code(message.receipt.replace('sha256:', '').slice(0, 12), 20)}`);
  if (url !== null) parts.push(link(url, 'console'));
  return context(parts.join(' · '));
}

/** The text of notifications and screen readers: the essentials in words. */
function fallback(message: ApprovalMessage): string {
  const parts = [mrkdwnText(headline(message), 200), whoAsks(message).replaceAll('*', '')];
  const last = message.decisions.at(-1);
  if (message.ask === null && last !== undefined)
    parts.push(decisionLine(last).replaceAll('*', '').replaceAll('\n', ' '));
  const until = deadline(message);
  if (until !== null) parts.push(until.replaceAll('*', ''));
  return parts.join('. ');
}
