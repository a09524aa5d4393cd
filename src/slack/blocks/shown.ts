/** What an approver was shown, rendered again: the same model and version give the same blocks and text, and so the sealed hash. */
import { CountersignError, type Json, type JsonObject } from '../../contract/index.ts';
import { type ApprovalMessage, type ShownView, RENDERER, RENDERERS, SHOWN_VIEWS } from './model.ts';
import type { Rendered } from './kit.ts';
import { alikeShown } from './alike.ts';
import { renderApprovalMessage, shownHash } from './message.ts';
import { openShown } from './modals.ts';
import { lineText } from './rich.ts';
import { renderSlack5 } from './slack-5/index.ts';

export interface RenderingSource {
  /** Version of the renderer, as sealed. */
  renderer: string;
  view: ShownView;
  /** Directory id of the reader; null in a channel. */
  person: string | null;
  model: ApprovalMessage;
}

/** @throws CountersignError `invalid-evidence` for a version that is not among {@link RENDERERS}, whose blocks nobody knows here. */
export function renderShown({ renderer, view, person, model }: RenderingSource): Rendered {
  if (renderer === 'slack/5') return renderSlack5(view, person, model);
  if (renderer !== RENDERER) {
    throw new CountersignError(
      'invalid-evidence',
      `it was rendered by \`${renderer.slice(0, 40)}\`, and this version renders ${RENDERERS.map((one) => `\`${one}\``).join(' and ')} only; render it with the version that sealed it`,
    );
  }
  switch (view) {
    case 'message':
      return renderApprovalMessage(model, { person });
    case 'open':
      return openShown(model, person ?? '');
    case 'alike':
      return alikeShown(model);
  }
}

/**
 * The one of `models` that renders to a sealed hash, with where and to whom it was shown; null when none does.
 *
 * @param person Directory id of who decided.
 * @throws CountersignError `invalid-evidence` for another version of the renderer.
 */
export function findShown(
  sealed: { hash: string; renderer: string },
  person: string,
  models: readonly ApprovalMessage[],
): RenderingSource | null {
  // The newest first: a decision is about what was on the screen last.
  for (const model of models.toReversed()) {
    for (const view of SHOWN_VIEWS) {
      for (const reader of [null, person]) {
        const shown: RenderingSource = { renderer: sealed.renderer, view, person: reader, model };
        if (shownHash(renderShown(shown)) === sealed.hash) return shown;
      }
    }
  }
  return null;
}

/** Every text of a rendering, from top to bottom: a line of rich text as one, anything else as it stands. */
export function textsOf({ blocks }: Rendered): string[] {
  const texts = (value: Json): string[] => {
    if (Array.isArray(value)) return value.flatMap(texts);
    if (typeof value !== 'object' || value === null) return [];
    if (value['type'] === 'rich_text_section') return [lineText(value['elements'] as JsonObject[])];
    const textLines = typeof value['text'] === 'string' ? value['text'].split('\n') : [];
    return [...textLines, ...Object.values(value).flatMap(texts)];
  };
  return texts(blocks);
}
