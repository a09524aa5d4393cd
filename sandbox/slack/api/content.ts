import { checkBlocks, textLength } from '../blocks/blocks.ts';
import { fillIds } from '../blocks/fill-ids.ts';
import type { Core } from '../core.ts';
import { SlackApiError } from '../errors.ts';
import { asString, isObject } from '../json.ts';
import type { JsonObject, SandboxMessage } from '../types.ts';
import { Args } from './args.ts';

/** Slack cuts longer texts; the sandbox refuses them. */
export const MAX_TEXT = 40_000;

/** Text of all blocks together beyond which Slack answers `msg_blocks_too_long` (slackapi/bolt-js#2509, #2867). */
const MAX_BLOCKS_TEXT = 12_000;

/** Bytes of `metadata` (docs.slack.dev/messaging/message-metadata). */
const MAX_METADATA = 16 * 1024;

/** What a message says, once checked. */
export interface Content {
  text: string;
  blocks: JsonObject[];
  metadata?: JsonObject;
  /** For the answer: `warning` and `response_metadata`, or nothing. */
  warnings: JsonObject;
}

function invalidBlocks(messages: string[]): SlackApiError {
  return new SlackApiError('invalid_blocks', {
    errors: messages,
    response_metadata: { messages: messages.map((message) => `[ERROR] ${message}`) },
  });
}

/**
 * Reads and checks `text`, `blocks` and `metadata`; what is absent is taken from `before`, the message being changed.
 * @throws SlackApiError `no_text`, `msg_too_long`, `invalid_blocks_format`, `invalid_blocks`, `msg_blocks_too_long`,
 *   `invalid_attachments`, `invalid_metadata_format`, `invalid_metadata_schema`, `metadata_too_large`.
 */
export function checkedBlocks(core: Core, args: Args, before?: SandboxMessage): Content {
  const given = args.objects('blocks', 'invalid_blocks_format');
  const text = asString(args.all['text']);
  if (args.json('attachments', 'invalid_attachments') !== undefined) {
    throw new SlackApiError('invalid_attachments', {
      response_metadata: { messages: ['[ERROR] legacy attachments are not part of the sandbox; use blocks'] },
    });
  }
  if (given) {
    const problems = checkBlocks(given, 'message');
    if (problems.length > 0) throw invalidBlocks(problems);
    if (textLength(given) > MAX_BLOCKS_TEXT) throw new SlackApiError('msg_blocks_too_long');
  }
  const blocks = given ? fillIds(given) : (before?.blocks ?? []);
  if ((text ?? '').trim() === '' && blocks.length === 0) throw new SlackApiError('no_text');
  if ((text ?? '').length > MAX_TEXT) throw new SlackApiError('msg_too_long');
  const bare = (text ?? '').trim() === '' && given !== undefined && given.length > 0;
  if (bare && core.strict) {
    const why = 'the top-level `text` is missing: screen readers and notifications have nothing to say';
    throw new SlackApiError('no_text', { response_metadata: { messages: [`[ERROR] ${why}`] } });
  }
  const metadata = readMetadata(args) ?? before?.metadata;
  return {
    text: text ?? before?.text ?? '',
    blocks,
    ...(metadata === undefined ? {} : { metadata }),
    warnings: bare ? { warning: 'missing_text', response_metadata: { warnings: ['missing_text'] } } : {},
  };
}

function readMetadata(args: Args): JsonObject | undefined {
  const metadata = args.json('metadata', 'invalid_metadata_format');
  if (metadata === undefined) return undefined;
  if (!isObject(metadata)) throw new SlackApiError('invalid_metadata_format');
  if (Object.keys(metadata).length === 0) return {};
  if (typeof metadata['event_type'] !== 'string' || !isObject(metadata['event_payload'])) {
    throw new SlackApiError('invalid_metadata_schema');
  }
  if (JSON.stringify(metadata).length > MAX_METADATA) throw new SlackApiError('metadata_too_large');
  return metadata;
}

/** The content of a `response_url` post or a slash command's answer, under the same rules. */
export function contentOf(core: Core, body: JsonObject, before?: SandboxMessage): Content {
  return checkedBlocks(core, new Args(body), before);
}
