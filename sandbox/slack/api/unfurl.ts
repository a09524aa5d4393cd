import { checkBlocks } from '../blocks/blocks.ts';
import { fillIds } from '../blocks/fill-ids.ts';
import type { Core } from '../core.ts';
import { SlackApiError } from '../errors.ts';
import { asObject, asObjects, isObject } from '../json.ts';
import type { JsonObject } from '../types.ts';
import type { Args } from './args.ts';

/** Links of a message that can be unfurled at once; Slack drops those beyond it. */
const MAX_UNFURLS = 5;

/** `chat.unfurl`: what stands below links of a person's message. Only `channel` and `ts` name it here, not a draft in the composer. */
export function unfurl(core: Core, args: Args): JsonObject {
  const id = args.optional('unfurl_id');
  const [channel, ts] = id === undefined ? [args.required('channel'), args.required('ts')] : id.split('/');
  const message = core.world.message(channel ?? '', ts ?? '');
  if (message === undefined) throw new SlackApiError('cannot_find_message');
  const unfurls = args.json('unfurls', 'invalid_unfurls_format');
  if (!isObject(unfurls)) throw new SlackApiError('invalid_unfurls_format');
  const made = Object.entries(unfurls).slice(0, MAX_UNFURLS);
  for (const [url, value] of made) {
    if (!message.text.includes(url)) throw new SlackApiError('cannot_unfurl_url');
    if (!isObject(value)) throw new SlackApiError('invalid_unfurls_format');
    const wrong = checkBlocks(value['blocks'] ?? [], 'message', `/unfurls/${url}/blocks`);
    if (wrong.length > 0) throw new SlackApiError('invalid_blocks', { errors: wrong });
  }
  message.unfurls = made.map(([url, value]) => ({ url, blocks: fillIds(asObjects(asObject(value)['blocks'])) }));
  core.world.saveMessage(message);
  return {};
}
