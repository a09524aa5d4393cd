/** What an approver was shown, in Slack or in Teams, rendered again: the same model and version give the same hash. */
import * as blocks from '../../slack/blocks/index.ts';
import { cardHash, renderCard, textsOfCard } from './message.ts';
import { CARD_RENDERER } from './model.ts';

export type { RenderingSource } from '../../slack/blocks/index.ts';
export { SHOWN_VIEWS } from '../../slack/blocks/index.ts';

/** Whether it was rendered for Teams, by a version that is known here. */
const isCard = ({ renderer }: { renderer: string }): boolean => renderer === CARD_RENDERER;

/** Hash of what was shown, as records seal it. @throws CountersignError `invalid-evidence` for a version that is not known here */
export const hashOfShownCard = (source: blocks.RenderingSource): string =>
  isCard(source) ? cardHash(renderCard(source.model, source.person)) : blocks.hashOfShown(source);

/** Every text that was shown, from top to bottom. @throws as {@link hashOfShownCard} */
export const textsShown = (source: blocks.RenderingSource): string[] =>
  isCard(source) ? textsOfCard(renderCard(source.model, source.person)) : blocks.textsOf(blocks.renderShown(source));

/**
 * The one of `models` that renders to a sealed hash; null when none does.
 *
 * @param person Directory id of who decided.
 * @throws as {@link hashOfShownCard}
 */
export function findShownCard(
  sealed: { hash: string; renderer: string },
  person: string,
  models: readonly object[],
): blocks.RenderingSource | null {
  if (!isCard(sealed)) return blocks.findShown(sealed, person, models);
  for (const model of models.toReversed()) {
    // What other doors keep beside it is no message.
    if ('kind' in model) continue;
    const source: blocks.RenderingSource = {
      renderer: CARD_RENDERER,
      view: 'message',
      person,
      model: blocks.asMessage(model),
    };
    if (hashOfShownCard(source) === sealed.hash) return source;
  }
  return null;
}
