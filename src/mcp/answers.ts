/** The answers to calls whose tool did not run. */
import type { Action } from '../client/index.ts';
import type { ToolResult } from './upstream.ts';

/** Codes of a call that did not run, or whose result is not there. */
export type AnswerCode =
  /** A human is awaited: not final. */
  | 'waiting'
  | 'refused'
  | 'expired'
  | 'cancelled'
  | 'lapsed'
  /** It ran, and its result was lost with the proxy that ran it. */
  | 'result-lost'
  /** It may have run. */
  | 'outcome-unknown'
  | 'tool-unknown'
  | 'tool-changed'
  | 'tool-closed'
  | 'invalid-arguments'
  | 'unavailable'
  | 'upstream-failed';

export interface ToolAnswer {
  code: AnswerCode;
  /** True where calling again, in whatever words, cannot help. */
  final: boolean;
  message: string;
  [more: string]: unknown;
}

/** `_meta` key of the same for machines. */
export const META = 'dev.countersign/answer';

/**
 * An error with one block of text, which is JSON. Never `structuredContent`: clients of 2025 hold that against the tool's output schema,
 * throw, and the model never sees why.
 */
export const answerResult = (answer: ToolAnswer): ToolResult => ({
  isError: true,
  content: [{ type: 'text', text: JSON.stringify(answer) }],
  _meta: { [META]: answer },
});

/** Milliseconds before which nobody should ask again. */
const PAUSE_MS = 60_000;

/** In words: the people it waits for, and until when. */
export function waitingWords({ approval }: Action): { for: string[]; until: string | null; words: string } {
  const people = approval?.stages[approval.stage]?.approvers ?? [];
  const until = approval?.expiresAt ?? null;
  const who = people.length === 0 ? 'a human' : people.join(' or ');
  return { for: people, until, words: `waiting for ${who}${until === null ? '' : ` until ${until}`}` };
}

export function waitingAnswer(action: Action | null, now: number): ToolAnswer {
  const {
    for: people,
    until,
    words,
  } = action === null ? { for: [], until: null, words: 'waiting for a human' } : waitingWords(action);
  const retryAt = new Date(now + PAUSE_MS).toISOString();
  return {
    code: 'waiting',
    final: false,
    message: `${words}; do not retry before ${retryAt}, do not try another way. Then make the same call, with the same arguments, to get its result.`,
    waitingFor: people,
    until,
    retryAt,
    ...(action === null ? {} : { action: action.id }),
  };
}
