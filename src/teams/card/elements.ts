/**
 * Elements of Adaptive Cards 1.5. Text from outside stands only in a `TextRun` and in the value of an input, which read no markdown; and
 * nothing in it looks like a function of dates, which clients replace wherever it stands.
 */
import type { JsonObject } from '../../contract/index.ts';
import type { Line } from '../../slack/blocks/parts-6/rich.ts';
import { plainText } from '../../slack/blocks/parts-6/text.ts';

/** `{{DATE(…)}}` and `{{TIME(…)}}` are replaced by the client: what looks like them stands for them. */
export const asItIs = (text: string): string => text.replaceAll('{{', '{ {');

/** A line of words and values as the pieces of one paragraph. */
export function paragraph(line: Line, more: JsonObject = {}): JsonObject {
  const inlines = line.map((piece): JsonObject => {
    const bold = (piece['style'] as JsonObject | undefined)?.['bold'] === true;
    const code = (piece['style'] as JsonObject | undefined)?.['code'] === true;
    return {
      type: 'TextRun',
      text: asItIs(String(piece['text'] ?? piece['fallback'] ?? '')),
      ...(bold ? { weight: 'Bolder' } : {}),
      ...(code ? { fontType: 'Monospace' } : {}),
    };
  });
  return { type: 'RichTextBlock', inlines, ...more };
}

/** Words in small and grey. */
export const smallText = (text: string): JsonObject => ({
  type: 'RichTextBlock',
  inlines: [{ type: 'TextRun', text: asItIs(text), size: 'Small', isSubtle: true }],
});

/** The first line: the status. */
export const heading = (text: string): JsonObject => ({
  type: 'RichTextBlock',
  inlines: [{ type: 'TextRun', text: asItIs(text), size: 'Large', weight: 'Bolder' }],
});

/** Paragraphs below each other, with a line above. */
export const section = (items: JsonObject[]): JsonObject => ({ type: 'Container', separator: true, items });

/** Several lines to write in. The label is ours. */
export const textInput = (
  id: string,
  label: string,
  { max, required, value }: { max: number; required: boolean; value?: string },
): JsonObject => ({
  type: 'Input.Text',
  id,
  label,
  maxLength: max,
  isMultiline: value === undefined,
  isRequired: required,
  ...(required ? { errorMessage: 'Say why: this needs a reason.' } : {}),
  ...(value === undefined ? {} : { value: asItIs(plainText(value, max)) }),
});

export const executeAction = (title: string, verb: string, data: JsonObject, style?: string): JsonObject => ({
  type: 'Action.Execute',
  title,
  verb,
  data,
  ...(style === undefined ? {} : { style }),
});

/** A button that opens a form inside the card. */
export const showCard = (title: string, body: JsonObject[], action: JsonObject, style?: string): JsonObject => ({
  type: 'Action.ShowCard',
  title,
  card: { type: 'AdaptiveCard', body, actions: [action] },
  ...(style === undefined ? {} : { style }),
});

/** @param url Already a `safeUrl`. */
export const openUrl = (title: string, url: string): JsonObject => ({ type: 'Action.OpenUrl', title, url });
