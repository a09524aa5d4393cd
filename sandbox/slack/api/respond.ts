import type { Core } from '../core.ts';
import { SlackApiError } from '../errors.ts';
import { asBoolean, asString } from '../json.ts';
import type { ResponseTarget } from '../response-urls.ts';
import type { JsonObject, SandboxMessage } from '../types.ts';
import { contentOf } from './content.ts';
import { appMessage, rewrite } from './messages.ts';

/**
 * A post to a `response_url`: replaces or deletes the message that was clicked, or adds one.
 * Without `replace_original: false`, an answer to a click replaces the message, as Slack does.
 * @throws SlackApiError `invalid_url`, `expired_url`, `used_url`, or what is wrong with the content.
 */
export function respond(core: Core, path: string, body: JsonObject): void {
  const target = core.responseUrls.use(path);
  const source = target.messageTs === undefined ? undefined : core.world.message(target.channel, target.messageTs);
  if (asBoolean(body['delete_original']) === true) {
    if (!source) throw new SlackApiError('message_not_found');
    core.world.removeMessage(source);
    return;
  }
  const replace = asBoolean(body['replace_original']) ?? (target.kind === 'actions' && target.messageTs !== undefined);
  if (replace) {
    if (!source) throw new SlackApiError('message_not_found');
    // A replacement says everything: without blocks the old ones go.
    rewrite(core, source, contentOf(core, { blocks: [], ...body }));
    return;
  }
  say(core, target, body, asString(body['response_type']) ?? 'ephemeral', source);
}

/** Adds a message to the place an interaction came from. @throws SlackApiError what is wrong with the content. */
export function say(
  core: Core,
  target: ResponseTarget,
  body: JsonObject,
  responseType: string,
  source?: SandboxMessage,
): SandboxMessage {
  const content = contentOf(core, body);
  const threadTs = asString(body['thread_ts']) ?? target.threadTs ?? source?.threadTs;
  return core.world.addMessage(
    appMessage(core, target.channel, content, {
      ...(responseType === 'in_channel' ? {} : { ephemeralTo: target.user }),
      ...(threadTs === undefined ? {} : { threadTs }),
    }),
  );
}
