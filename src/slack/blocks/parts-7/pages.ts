/** Everything about one action, uncut, on pages of a form: for what its message cannot hold. */
import type { ApprovalMessage } from '../model.ts';
import type { Block } from '../parts-6/kit.ts';
import { type Line, line, rich, said, strong } from '../parts-6/rich.ts';
import { isUnread } from './unread.ts';
import { clean } from '../parts-6/text.ts';
import { decisionTitle, partyName } from '../parts-6/words.ts';

/** Characters of one block, and of one page. Slack allows a view 250 kB and 100 blocks in all. */
const BLOCK_CHARS = 2500;
const PAGE_CHARS = 10_000;
const PAGE_BLOCKS = 60;

/** A block, and how many characters one reads in it. */
export interface Part {
  block: Block;
  chars: number;
}

/** One page after another; none where the message holds everything. */
export const pagesOf = (message: ApprovalMessage): Block[][] => (isUnread(message) ? paged(uncutParts(message)) : []);

/** As few pages as hold them, in their order. */
export function paged(parts: readonly Part[]): Block[][] {
  const pages: Block[][] = [];
  let room = 0;
  for (const { block, chars } of parts) {
    const page = pages.at(-1);
    if (page === undefined || chars > room || page.length >= PAGE_BLOCKS) {
      pages.push([block]);
      room = PAGE_CHARS - chars;
    } else {
      page.push(block);
      room -= chars;
    }
  }
  return pages;
}

/** Everything about one action, uncut. */
export function uncutParts(message: ApprovalMessage): Part[] {
  const { verb, amount, resource, actor, onBehalfOf, facts, why, decisions } = message;
  const entries: { label: string; value: string | null }[] = [
    { label: 'Action', value: verb },
    { label: 'Amount', value: amount },
    { label: 'Resource', value: resource },
    ...[actor, ...onBehalfOf].map((party, index) => ({
      label: index === 0 ? 'Who asks' : 'For',
      value: `${partyName(party)} (${party.id})`,
    })),
    ...facts,
    ...why.reasons.map((value) => ({ label: 'Why', value })),
    ...decisions.flatMap((decision) => [
      { label: decisionTitle(decision), value: decision.reason ?? '' },
      ...decision.changes.map(({ label, from, to }) => ({ label, value: `${from} → ${to}` })),
    ]),
  ];
  return entries.flatMap(({ label, value }) => (value === null ? [] : blocksOf(label, value)));
}

/** A value whole, in as many blocks as it takes, line by line as it was written. */
function blocksOf(label: string, value: string): Part[] {
  const blocks: Part[] = [];
  let lines: Line[] = [line(strong(label, 300))];
  let chars = Math.min(300, label.length);
  for (const text of value.split('\n').flatMap((written) => pieces(clean(written)))) {
    if (chars + text.length > BLOCK_CHARS || lines.length > 50) {
      blocks.push({ block: rich(lines), chars });
      lines = [];
      chars = 0;
    }
    lines.push([said(text)]);
    chars += text.length;
  }
  return [...blocks, { block: rich(lines), chars }];
}

/** Parts that fit into a block, never cut inside a character. */
function pieces(text: string): string[] {
  const parts: string[] = [];
  let part = '';
  for (const char of text) {
    if (part.length + char.length > BLOCK_CHARS - 400) {
      parts.push(part);
      part = '';
    }
    part += char;
  }
  return [...parts, part];
}
