/** `countersign inbox`: what waits for a person. */
import type { Command } from 'commander';
import { inboxSchema, type InboxItem } from '../contract/views/index.ts';
import { readAnswer } from './answers.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';

interface Options extends ConnectOptions {
  limit?: string;
  cursor?: string;
  json?: boolean;
}

export function register(program: Command, io: Io): void {
  const inbox = program
    .command('inbox')
    .description('what waits for you: to decide, to answer, or to look back at; the first due first')
    .option('--limit <n>', 'at most so many, 1 to 500')
    .option('--cursor <cursor>', 'go on where the page before ended')
    .option('--json', 'print JSON');
  withConnection(inbox, { as: true }).action(async ({ limit, cursor, json, ...options }: Options) => {
    const query = new URLSearchParams({
      ...(limit === undefined ? {} : { limit }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    const page = readAnswer(inboxSchema, await call(await connect(io, options), { path: `v1/inbox?${query}` }));
    if (json === true) {
      io.json(page);
      return;
    }
    if (page.items.length === 0) io.out('nothing waits for you');
    for (const item of page.items) linesOf(item).forEach(io.out);
    if (page.next_cursor !== null) io.out(`more: --cursor ${page.next_cursor}`);
  });
}

const TO_DO = {
  decide: 'decide: `countersign approve` or `refuse`',
  answer: 'answer the question: `countersign answer`',
  review: 'look back at it: `countersign review`',
} as const;

function linesOf(item: InboxItem): string[] {
  const whom = [item.actor, ...item.onBehalfOf].map(({ id, name }) => name ?? id).join(' for ');
  const facts = item.facts.map(({ label, value }) => `${label}: ${value}`);
  return [
    `${item.id}  ${item.summary}  by ${item.due}`,
    `  ${item.surface}, asked by ${whom}${item.asDelegate ? '; you stand in for somebody' : ''}`,
    ...facts.map((fact) => `  ${fact}`),
    ...(item.withheld === 0 ? [] : [`  ${item.withheld} more that policy does not show`]),
    ...item.why.reasons.map((reason) => `  why: ${reason}`),
    ...(item.question === null ? [] : [`  ${item.question.by} asks: ${item.question.text}`]),
    `  ${TO_DO[item.kind]}`,
  ];
}
