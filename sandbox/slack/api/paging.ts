import { SlackApiError } from '../errors.ts';
import type { Args } from './args.ts';

/** One page of `items` by `limit` (at most 1000, default 100) and `cursor`; `next` is empty on the last. */
export function page<T>(items: T[], args: Args): { items: T[]; next: string } {
  const limit = Number(args.optional('limit') ?? 100);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new SlackApiError('invalid_limit');
  const cursor = args.optional('cursor');
  let start = 0;
  if (cursor !== undefined) {
    const position = /^next:(\d+)$/.exec(Buffer.from(cursor, 'base64').toString('utf8'))?.[1];
    if (position === undefined) throw new SlackApiError('invalid_cursor');
    start = Number(position);
  }
  const end = start + limit;
  const next = end < items.length ? Buffer.from(`next:${String(end)}`).toString('base64') : '';
  return { items: items.slice(start, end), next };
}
