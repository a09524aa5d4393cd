/** The preview below a shared link to an action: its status, and nothing that only some of the readers may see. */
import type { ApprovalMessage } from './model.ts';
import { type Rendered, small } from './parts-6/kit.ts';
import { inNotification, line, rich, strong } from './parts-6/rich.ts';
import { plainText, shortId } from './parts-6/text.ts';
import { deadline } from './parts-6/words.ts';
import { stateWords } from './words.ts';

/** Links of one message that are looked up. */
export const MAX_UNFURLS = 10;

/** The id of the action to which a link of the console leads; null for any other link. @param origin of the console */
export function actionLinked(url: string, origin: string): string | null {
  if (!url.startsWith(`${origin}/`)) return null;
  const [, id] = /^\/console\/?(?:#|actions\/)(act_[0-9a-f]{64})$/.exec(url.slice(origin.length)) ?? [];
  return id ?? null;
}

/** Verb, surface and state: no amount, nobody's name, no value. */
export function unfurlOf(message: ApprovalMessage): Rendered {
  const { verb, surface, action } = message;
  const until = message.ask === null ? null : deadline(message);
  const lines = [
    line(strong(`${stateWords(message)}: ${plainText(verb, 60)}`, 150)),
    ...(until === null ? [] : [until]),
  ];
  return {
    text: lines.map(inNotification).join('. '),
    blocks: [rich(lines), small([`${plainText(surface, 60)} · ${shortId(action)}`])],
  };
}
