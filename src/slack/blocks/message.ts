/** The one message about an action: phone first, always the present state, no buttons once it is closed. */
import { isUnread, isWithheld } from './parts-7/unread.ts';
import { hashOf } from '../../canonical/index.ts';
import { MESSAGE_HOLDS, type Json, type JsonObject } from '../../contract/index.ts';
import { type ApprovalMessage, ACTIONS, buttonValue } from './model.ts';
import { type Block, type Rendered, actionsBlock, button, header, linkButton, small } from './parts-6/kit.ts';
import { type Line, inNotification, line, linked, mono, rich, saidOrMore, strong } from './parts-6/rich.ts';
import { factsTable, stagesPlan } from './newer.ts';
import { link, list, notified, plainText, safeUrl, shortId } from './parts-6/text.ts';
import { asked, deadline, helps, progress, whyYou } from './parts-6/words.ts';
import { consequence, decisionLines, headline, what, whoAsks } from './words.ts';

export interface RenderOptions {
  /** Directory id of the reader: adds why they are asked. */
  person?: string | null;
  /** Without the blocks that some workspaces refuse; the same words come as lines. */
  plain?: boolean;
  /** An older version, where its bytes are wanted again: it counts hidden values differently, and hashes its reasons differently. */
  as?: 'slack/8' | undefined;
}

/**
 * `text` and `blocks` of the message, within every limit of Slack's whatever the model holds. Same model and options, same answer, for
 * ever: a change of what it says is a new `RENDERER`.
 */
export function renderApprovalMessage(message: ApprovalMessage, options: RenderOptions = {}): Rendered {
  const frame = [header(headline(message)), ...controls(message, options.plain === true), footer(message)];
  const [top, ...rest] = frame as [Block, ...Block[]];
  return { text: fallback(message), blocks: [top, ...aboutBlocks(message, options, MAX_TEXT - size(frame)), ...rest] };
}

/** Characters in all blocks of a message: Slack refuses more than 12,000 (`msg_blocks_too_long`). */
const MAX_TEXT = 11_500;

/** Hash of the exact message: `sha256:…` of the canonical JSON of `blocks` and `text`. */
export function shownHash({ text, blocks }: Rendered): string {
  return hashOf({ text, blocks });
}

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
  const glance = [
    whoAsks(message),
    because(message, url, options.as),
    takesBack(message, url),
    open ? consequence(message) : null,
    deadline(message),
    you === null ? null : line(you),
  ];
  const parts: Part[] = [{ block: rich(glance.filter((one) => one !== null)), spare: 0 }];
  if (message.facts.length > 0) {
    const facts = message.facts.slice(0, MESSAGE_HOLDS.facts).map((fact) => factLine(fact, url));
    parts.push({ block: (options.plain === true ? null : factsTable(message)) ?? rich(facts), spare: 1 });
  }
  message.decisions.slice(-MESSAGE_HOLDS.decisions).forEach((decision, index, latest) => {
    parts.push({ block: rich(decisionLines(decision)), spare: index === latest.length - 1 ? 0 : 2 });
  });
  if (message.review?.result != null) {
    const result = line(strong('Review:', 40), ` ${plainText(message.review.result, 300)}`);
    parts.push({ block: rich([result]), spare: 0 });
  }
  const steps = progress(message);
  const plan = steps === null || options.plain === true ? null : stagesPlan(message, steps);
  if (plan !== null) parts.push({ block: plan, spare: 0 });
  const below: [(string | null)[], number][] = [
    [[plan === null ? steps : null, deciding || message.state === 'expired' ? asked(message) : null], 0],
    [[deciding ? helps(message) : null], 3],
  ];
  for (const [texts, spare] of below) addSmall(parts, texts, spare);
  const hidden = open ? notShown(message, options.as === 'slack/8') : null;
  if (hidden !== null) {
    parts.push({ block: small([hidden], url === null ? null : link(url, 'see in the console')), spare: 0 });
  }
  addSmall(
    parts,
    message.notes.slice(-5).map((note) => `• ${plainText(note, 200)}`),
    4,
  );
  return parts;
}

function addSmall(parts: Part[], texts: readonly (string | null)[], spare: number): void {
  const there = texts.filter((text) => text !== null);
  if (there.length > 0) parts.push({ block: small(there), spare });
}

/** Characters of all texts in blocks. */
function size(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + size(item), 0);
  const texts = ['text', 'fallback', 'url', 'title'].reduce((sum, name) => sum + lengthOf(value[name]), 0);
  return Object.values(value).reduce<number>((sum, item) => sum + size(item), texts);
}

const lengthOf = (value: Json | undefined): number => (typeof value === 'string' ? value.length : 0);

/** Enough of a record's hash to recognise it. */
const shortHashes = (text: string): string => text.replace(/\bsha256:([0-9a-f]{12})[0-9a-f]{52}\b/g, '$1');

function because({ why }: ApprovalMessage, url: string | null, as: RenderOptions['as']): Line | null {
  const all = as === undefined ? why.reasons.map(shortHashes) : why.reasons;
  const said = all.slice(0, MESSAGE_HOLDS.reasons);
  const reasons = said.map((reason) => saidOrMore(reason, MESSAGE_HOLDS.reason, url));
  if (reasons.length > 0) {
    return line(strong('Why:', 40), ...reasons.flatMap((reason, index) => [index === 0 ? ' ' : ' · ', ...reason]));
  }
  return why.rule === null ? null : line(strong('Why:', 40), ' rule ', mono(why.rule, 80));
}

/** The action that this one takes back, where the console is. */
function takesBack({ action, reverses }: ApprovalMessage, url: string | null): Line | null {
  if (reverses === undefined) return null;
  const there = url === null ? null : safeUrl(url.replace(action, reverses));
  const id = shortId(reverses);
  return line(strong('Takes back:', 40), ' ', there === null ? mono(id, 20) : linked(there, id));
}

const factLine = ({ label, value }: ApprovalMessage['facts'][number], url: string | null): Line =>
  line(strong(label, MESSAGE_HOLDS.label), ': ', ...saidOrMore(value, MESSAGE_HOLDS.value, url));

function notShown(message: ApprovalMessage, alwaysMany: boolean): string | null {
  const values = (count: number): string => (count === 1 && !alwaysMany ? 'value' : 'values');
  const more = Math.max(0, message.facts.length - MESSAGE_HOLDS.facts);
  const parts: string[] = [];
  if (more > 0) parts.push(`${more} more ${values(more)}`);
  if (Number.isSafeInteger(message.withheld) && message.withheld > 0) {
    parts.push(`${message.withheld} ${values(message.withheld)} that policy does not disclose here`);
  }
  return parts.length === 0 ? null : `Not shown: ${parts.join(', ')}`;
}

function controls(message: ApprovalMessage, plain: boolean): Block[] {
  if (message.ask === null) return [];
  const stage = message.stages[message.stage];
  const passkey = message.ask === 'decision' && stage?.passkey === true;
  if (!message.controls.via.includes('slack') || passkey) return elsewhere(message, passkey);
  const value = buttonValue({ ...message, plain });
  const about = what(message);
  const review = message.ask === 'review';
  const form = review || message.controls.approveReason === 'required';
  const approveLabel = form ? 'Approve…' : 'Approve';
  const approve = review ? 'It was right…' : approveLabel;
  const unread = isUnread(message);
  const elements: JsonObject[] = [
    ...(unread
      ? readButtons(message, value)
      : [
          button(form ? ACTIONS.approveForm : ACTIONS.approve, approve, value, {
            style: 'primary',
            label: `${review ? 'It was right' : 'Approve'}: ${about}`,
          }),
        ]),
    button(ACTIONS.refuseForm, review ? 'It was wrong…' : 'Refuse…', value, {
      style: 'danger',
      label: `${review ? 'It was wrong' : 'Refuse'}: ${about}`,
    }),
  ];
  if (!review) {
    // One click approves the request as asked. Changes have their own form.
    if (!form && !unread && message.controls.mayChange.length > 0) {
      elements.push(button(ACTIONS.approveForm, 'Change…', value, { label: `Change and approve: ${about}` }));
    }
    if (message.controls.mayReturn) elements.push(button(ACTIONS.returnForm, 'Ask a question…', value));
    if (message.controls.extendUntil !== null) elements.push(button(ACTIONS.extendForm, 'More time…', value));
    if (message.controls.mayGrant !== undefined && !unread) {
      elements.push(
        button(ACTIONS.grantForm, 'And the like…', value, { label: `Approve the like of it too: ${about}` }),
      );
    }
    const alike = message.alike.length;
    if (alike > 0 && !unread) elements.push(button(ACTIONS.alikeForm, `Decide ${alike + 1} alike…`, value));
  }
  const unlinked = unread && elements.every(({ action_id: id }) => id !== ACTIONS.openForm && id !== ACTIONS.console);
  const sentence = review
    ? []
    : [...(unread ? [small([readFirst(message, unlinked)])] : []), small([plainText(message.responsibility, 400)])];
  return [...sentence, actionsBlock('controls', elements)];
}

/** In the place of *Approve*: the pages of a form, or the console. */
function readButtons(message: ApprovalMessage, value: string): JsonObject[] {
  const text = 'Read all, then decide';
  if (!isWithheld(message)) {
    const label = `${text}: ${what(message)}`;
    return [button(ACTIONS.openForm, `${text}…`, value, { style: 'primary', label })];
  }
  const url = safeUrl(message.consoleUrl);
  return url === null ? [] : [linkButton(ACTIONS.console, text, url)];
}

function readFirst(message: ApprovalMessage, unlinked: boolean): string {
  const labels = [...new Set((message.unread ?? []).map(({ label }) => plainText(label, 40)))];
  const said = `To be read before an approval counts: ${list(labels, 6)}.`;
  return unlinked ? `${said} Read it with countersign show --whole ${plainText(message.action, 100)}` : said;
}

/** Where a decision in Slack does not count, there is a link, and no button that suggests otherwise. */
function elsewhere(message: ApprovalMessage, passkey: boolean): Block[] {
  const url = safeUrl(message.consoleUrl);
  const why = passkey ? 'This step counts only with your passkey.' : 'Policy wants this decided outside Slack.';
  if (url !== null) {
    return [
      small([`${why} Decide in the console.`]),
      actionsBlock('controls', [linkButton(ACTIONS.console, 'Open console', url)]),
    ];
  }
  const how = passkey ? 'the console' : `the console, or with countersign approve ${plainText(message.action, 100)}`;
  return [small([`${why} Decide in ${how}`])];
}

function footer(message: ApprovalMessage): Block {
  const url = safeUrl(message.consoleUrl);
  const parts = [shortId(message.action)];
  if (message.surface !== message.why.policy) parts.push(plainText(message.surface, 60));
  if (message.why.policy !== null) {
    const rule = message.why.rule === null ? '' : ` / ${plainText(message.why.rule, 60)}`;
    parts.push(`policy ${plainText(message.why.policy, 60)}${rule}`);
  }
  if (message.receipt !== null)
    parts.push(`record ${plainText(message.receipt.replace('sha256:', '').slice(0, 12), 20)}`);
  return small([parts.join(' · ')], url === null ? null : link(url, 'console'));
}

/** The text of notifications and screen readers: the essentials in words. */
function fallback(message: ApprovalMessage): string {
  const parts = [notified(headline(message), 200), inNotification(whoAsks(message))];
  const last = message.decisions.at(-1);
  if (message.ask === null && last !== undefined) parts.push(...decisionLines(last).map(inNotification));
  const until = deadline(message);
  if (until !== null) parts.push(inNotification(until));
  return parts.join('. ');
}
