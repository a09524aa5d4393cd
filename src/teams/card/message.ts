/** The one message about an action, as an Adaptive Card: always the present state, no buttons once it is closed. */
import { hashOf } from '../../canonical/index.ts';
import { MESSAGE_HOLDS, type JsonObject } from '../../contract/index.ts';
import type { ApprovalMessage } from '../../notify/approval-message.ts';
import { line, lineText, strong, type Line } from '../../slack/blocks/parts-6/rich.ts';
import { plainText, shortId } from '../../slack/blocks/parts-6/text.ts';
import { asked, deadline, helps, progress, whyYou } from '../../slack/blocks/parts-6/words.ts';
import { consequence, decisionLines, headline, whoAsks } from '../../slack/blocks/words.ts';
import { controlsOf, type Controls } from './controls.ts';
import { asItIs, heading, paragraph, section, smallText } from './elements.ts';
import type { Card } from './model.ts';

/** Bytes of a card, below the 28 KB that Teams takes of a message. */
export const MAX_CARD = 26 * 1024;

const bytes = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).length;

/**
 * The card that one person is shown. Same model and person, same card, for ever: a change of what it says is a new `RENDERER`.
 *
 * @param person Directory id of the reader.
 */
export const renderCard = (message: ApprovalMessage, person: string | null): Card => made(message, person).card;

/** Whether the card says everything that a card of this message should: of one that does not, nothing can be approved. */
export const showsAll = (message: ApprovalMessage, person: string | null): boolean => made(message, person).whole;

/** Hash of the exact card. */
export const cardHash = (card: Card): string => hashOf(card);

function made(message: ApprovalMessage, person: string | null): { card: Card; whole: boolean } {
  const card = cardOf(message, [...glance(message, person), ...details(message)], controlsOf(message, 'whole'));
  if (bytes(card) <= MAX_CARD) return { card, whole: true };
  // Too long for Teams: the essentials, and all of it where it can be read.
  return { card: cardOf(message, glance(message, person), controlsOf(message, 'part')), whole: false };
}

function cardOf(message: ApprovalMessage, body: JsonObject[], controls: Controls): Card {
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.5',
    fallbackText: asItIs(plainText(headline(message), 200)),
    body: [heading(headline(message)), ...body, ...controls.body, footer(message)],
    actions: controls.actions,
  };
}

/** What everybody reads first: who, why, what it does, until when. */
function glance(message: ApprovalMessage, person: string | null): JsonObject[] {
  const you = message.ask === 'decision' && person !== null ? whyYou(message, person) : null;
  const lines = [
    whoAsks(message),
    because(message),
    message.reverses === undefined ? null : line(strong('Takes back:', 40), ` ${shortId(message.reverses)}`),
    message.ask === null ? null : consequence(message),
    deadline(message),
    you === null ? null : line(you),
  ];
  return lines.filter((one) => one !== null).map((one) => paragraph(one, { spacing: 'Small' }));
}

function details(message: ApprovalMessage): JsonObject[] {
  const deciding = message.ask === 'decision';
  const facts = message.facts
    .slice(0, MESSAGE_HOLDS.facts)
    .map(({ label, value }) => line(strong(label, MESSAGE_HOLDS.label), ': ', plainText(value, MESSAGE_HOLDS.value)));
  const decisions = message.decisions.slice(-MESSAGE_HOLDS.decisions).flatMap((one) => decisionLines(one));
  const result = message.review?.result ?? null;
  const below = [
    progress(message),
    deciding || message.state === 'expired' ? asked(message) : null,
    deciding ? helps(message) : null,
    message.ask === null ? null : notShown(message),
    ...message.notes.slice(-5).map((note) => `• ${plainText(note, 200)}`),
  ].filter((text) => text !== null);
  return [
    ...sectionOf(facts),
    ...sectionOf(decisions),
    ...sectionOf(result === null ? [] : [line(strong('Review:', 40), ` ${plainText(result, 300)}`)]),
    ...(below.length === 0 ? [] : [section(below.map(smallText))]),
  ];
}

const sectionOf = (lines: readonly Line[]): JsonObject[] =>
  lines.length === 0 ? [] : [section(lines.map((one) => paragraph(one, { spacing: 'Small' })))];

function because({ why }: ApprovalMessage): Line | null {
  const reasons = why.reasons.slice(0, MESSAGE_HOLDS.reasons).map((reason) => plainText(reason, MESSAGE_HOLDS.reason));
  if (reasons.length > 0) return line(strong('Why:', 40), ` ${reasons.join(' · ')}`);
  return why.rule === null ? null : line(strong('Why:', 40), ` rule ${plainText(why.rule, 80)}`);
}

function notShown({ facts, withheld }: ApprovalMessage): string | null {
  const more = Math.max(0, facts.length - MESSAGE_HOLDS.facts);
  const parts = [
    ...(more > 0 ? [`${more} more values`] : []),
    ...(Number.isSafeInteger(withheld) && withheld > 0
      ? [`${withheld} values that policy does not disclose here`]
      : []),
  ];
  return parts.length === 0 ? null : `Not shown: ${parts.join(', ')}`;
}

function footer({ action, surface, why, receipt }: ApprovalMessage): JsonObject {
  const rule = why.rule === null ? '' : ` / ${plainText(why.rule, 60)}`;
  const parts = [
    shortId(action),
    ...(surface === why.policy ? [] : [plainText(surface, 60)]),
    ...(why.policy === null ? [] : [`policy ${plainText(why.policy, 60)}${rule}`]),
    ...(receipt === null ? [] : [`record ${plainText(receipt.replace('sha256:', '').slice(0, 12), 20)}`]),
  ];
  return smallText(parts.join(' · '));
}

/** Every text of a card, from top to bottom: a paragraph as one. */
export function textsOfCard({ body, actions }: Pick<Card, 'body' | 'actions'>): string[] {
  const texts = (value: JsonObject): string[] => {
    if (value['type'] === 'RichTextBlock') return [lineText(value['inlines'] as JsonObject[])];
    const labels = ['title', 'label', 'value'].flatMap((name) =>
      typeof value[name] === 'string' ? [value[name]] : [],
    );
    const inner = ['items', 'choices', 'body', 'actions'].flatMap((name) => (value[name] ?? []) as JsonObject[]);
    const card = (value['card'] ?? null) as JsonObject | null;
    return [...labels, ...inner.flatMap(texts), ...(card === null ? [] : texts(card))];
  };
  return [...body, ...actions].flatMap(texts);
}
