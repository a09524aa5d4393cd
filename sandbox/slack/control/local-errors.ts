import { elementsOf } from '../blocks/blocks.ts';
import type { JsonObject, SandboxView } from '../types.ts';

/**
 * What Slack's own client finds wrong before it sends a submission, by block id:
 * required inputs left empty, lengths, numbers, e-mail addresses, links.
 */
export function localErrors(
  view: SandboxView,
  isEmpty: (state: JsonObject | undefined) => boolean,
): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const block of view.blocks) {
    const [element] = elementsOf(block);
    if (block['type'] !== 'input' || !element) continue;
    const id = String(block['block_id']);
    const state = view.values[id]?.[String(element['action_id'])];
    if (isEmpty(state)) {
      if (block['optional'] !== true) errors[id] = 'Please complete this required field.';
      continue;
    }
    const problem = problemOf(element, String(state?.['value'] ?? ''));
    if (problem !== undefined) errors[id] = problem;
  }
  return errors;
}

function problemOf(element: JsonObject, value: string): string | undefined {
  switch (element['type']) {
    case 'plain_text_input': {
      const min = Number(element['min_length'] ?? 0);
      const max = Number(element['max_length'] ?? 3000);
      if (value.length < min) return `Please use at least ${String(min)} characters.`;
      if (value.length > max) return `Please use at most ${String(max)} characters.`;
      return undefined;
    }
    case 'number_input':
      return numberProblem(element, value);
    case 'email_text_input':
      return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value) ? undefined : 'Please enter a valid email address.';
    case 'url_text_input':
      return URL.canParse(value) ? undefined : 'Please enter a valid URL.';
    default:
      return undefined;
  }
}

function numberProblem(element: JsonObject, value: string): string | undefined {
  if (!/^-?\d+(\.\d+)?$/.test(value)) return 'Please enter a number.';
  if (element['is_decimal_allowed'] !== true && value.includes('.')) return 'Please enter a whole number.';
  const { min_value: min, max_value: max } = element;
  if (min !== undefined && Number(value) < Number(min)) return `Please enter a number of ${String(min)} or more.`;
  if (max !== undefined && Number(value) > Number(max)) return `Please enter a number of ${String(max)} or less.`;
  return undefined;
}
