/** Renders again what an approver was shown. The same model and version give the same blocks and text, and so the sealed hash. */
import { canonicalize, hashOf } from '../../canonical/index.ts';
import {
  CountersignError,
  MODEL_RENDERER,
  OFFERED_KIND,
  WHOLE_KIND,
  WHOLE_RENDERER,
  type Json,
  type JsonObject,
} from '../../contract/index.ts';
import { type ApprovalMessage, type ShownView, RENDERER, RENDERERS, SHOWN_VIEWS } from './model.ts';
import type { Rendered } from './parts-6/kit.ts';
import { alikeShown } from './alike.ts';
import { renderApprovalMessage, shownHash } from './message.ts';
import { openShown } from './modals.ts';
import { lineText } from './parts-6/rich.ts';
import { renderSlack5 } from './slack-5/index.ts';
import { renderSlack6 } from './slack-6/index.ts';
import { renderSlack7 } from './slack-7/index.ts';

export interface RenderingSource {
  /** Version of the renderer, as sealed. */
  renderer: string;
  view: ShownView;
  /** Directory id of the reader; null in a channel. */
  person: string | null;
  model: ApprovalMessage;
  /** A message in its plain form. */
  plain?: boolean;
}

/** @throws CountersignError `invalid-evidence` for a version that is not among {@link RENDERERS}, whose blocks nobody knows here. */
export function renderShown({ renderer, view, person, model, plain = false }: RenderingSource): Rendered {
  // Some doors render nothing themselves. They showed the model unchanged.
  if (renderer === MODEL_RENDERER || renderer === WHOLE_RENDERER) {
    return { text: canonicalize(jsonOf(model)), blocks: [] };
  }
  if (renderer === 'slack/5') return renderSlack5(view, person, model);
  if (renderer === 'slack/6') return renderSlack6(view, person, model);
  if (renderer === 'slack/7') return renderSlack7(view, person, model);
  const as = renderer === 'slack/8' ? renderer : undefined;
  if (as === undefined && renderer !== RENDERER) {
    throw new CountersignError(
      'invalid-evidence',
      `it was rendered by \`${renderer.slice(0, 40)}\`, and this version renders ${RENDERERS.map((one) => `\`${one}\``).join(' and ')} only; render it with the version that sealed it`,
    );
  }
  switch (view) {
    case 'message':
      return renderApprovalMessage(model, { person, plain, as });
    case 'open':
      return openShown(model, person ?? '', as);
    case 'alike':
      return alikeShown(model);
  }
}

/**
 * The one of `models`, as they were kept, that renders to a sealed hash, with where and to whom it was shown; null when none does.
 *
 * @param person Directory id of who decided.
 * @throws CountersignError `invalid-evidence` for another version of the renderer.
 */
export function findShown(
  sealed: { hash: string; renderer: string },
  person: string,
  models: readonly object[],
): RenderingSource | null {
  // The newest first, because a decision is about the last rendering on the screen.
  for (const model of models.toReversed()) {
    if (kindOf(model) !== (KINDS[sealed.renderer] ?? null)) continue;
    for (const view of SHOWN_VIEWS) {
      for (const reader of [null, person]) {
        const source: RenderingSource = { renderer: sealed.renderer, view, person: reader, model: asMessage(model) };
        if (hashOfShown(source) === sealed.hash) return source;
        if (view === 'message' && hashOfShown({ ...source, plain: true }) === sealed.hash) {
          return { ...source, plain: true };
        }
      }
    }
  }
  return null;
}

/** A model as it was kept. Nothing checks its shape, because only the one that renders to the sealed hash counts. */
export const asMessage = (model: object): ApprovalMessage => model as ApprovalMessage;

/** The content that the API and the command line give is not a message; it names its own kind. */
const kindOf = (model: object): unknown => ('kind' in model ? model.kind : null);
const KINDS: Readonly<Record<string, string>> = { [WHOLE_RENDERER]: WHOLE_KIND, [MODEL_RENDERER]: OFFERED_KIND };

/** Optional members keep the compiler from accepting an interface as JSON. */
const jsonOf = (model: object): Json => JSON.parse(JSON.stringify(model)) as Json;

/** Hash of what was shown, as records seal it. @throws CountersignError as {@link renderShown} */
export function hashOfShown(source: RenderingSource): string {
  const rendered = renderShown(source);
  return rendered.blocks.length === 0 ? hashOf(jsonOf(source.model)) : shownHash(rendered);
}

/** Every text of a rendering, from top to bottom: a line of rich text as one, anything else unchanged. */
export function textsOf({ text, blocks }: Rendered): string[] {
  if (blocks.length === 0) return [text];
  const texts = (value: Json): string[] => {
    if (Array.isArray(value)) return value.flatMap(texts);
    if (typeof value !== 'object' || value === null) return [];
    if (value['type'] === 'rich_text_section') return [lineText(value['elements'] as JsonObject[])];
    const title = typeof value['title'] === 'string' ? [value['title']] : [];
    const textLines = typeof value['text'] === 'string' ? [...title, ...value['text'].split('\n')] : title;
    return [...textLines, ...Object.values(value).flatMap(texts)];
  };
  return texts(blocks);
}
