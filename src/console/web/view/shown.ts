/** What somebody was shown before they decided, rendered again in the page by the version of the renderer that the record names. */
import type { ShownAgain } from '../../../contract/views/index.ts';
import { findShownCard, textsShown } from '../../../teams/card/shown.ts';
import { linesOf } from './disclosed.ts';
import type { JsonObject } from '../../../contract/json.ts';

/** Lines from top to bottom; null where none of the server's models renders to the sealed hash. */
export function shownLines({ by, shown, models }: Pick<ShownAgain, 'by' | 'shown' | 'models'>): string[] | null {
  const source = findShownCard(shown, by, models);
  if (source === null) return null;
  const texts = textsShown(source);
  if (!('kind' in source.model)) return texts;
  // Doors without a renderer showed the model itself.
  const model = JSON.parse(texts.join('')) as JsonObject;
  return linesOf(model).map(({ path, value }) => `${path}: ${value}`);
}
