/** HTML that cannot be written without escaping. */

/** Text that is HTML already. */
export interface Html {
  readonly html: string;
}

type Part = string | number | Html | null | readonly (Html | null)[];

/** Characters that turn the order of what is read, or show nothing. */
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;
const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/**
 * Text that is safe anywhere in a document, because names and reasons come from strangers. Invisible characters are shown by their code
 * points.
 */
export const escapeHtml = (text: string): string =>
  text
    .replaceAll(INVISIBLE, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replaceAll(/[&<>"']/g, (one) => ENTITIES[one] ?? one);

function write(part: Part): string {
  if (part === null) return '';
  if (typeof part === 'string') return escapeHtml(part);
  if (typeof part === 'number') return String(part);
  return 'html' in part ? part.html : part.map(write).join('');
}

/** A template whose values are escaped, unless they are HTML themselves. */
export function markup(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return { html: strings.map((text, i) => text + (i < parts.length ? write(parts[i] ?? null) : '')).join('') };
}

/** A term of a list, and its description. */
export const fact = (term: string, said: string | Html): Html => markup`<dt>${term}</dt><dd>${said}</dd>`;
