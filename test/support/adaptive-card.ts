/** What Teams takes of an Adaptive Card (adaptivecards.io/explorer, schema 1.5), as far as our cards use it: everything else is a fault. */

type Json = Record<string, unknown>;

/** Properties of each element, by its type. */
const ELEMENTS: Record<string, readonly string[]> = {
  AdaptiveCard: ['$schema', 'type', 'version', 'fallbackText', 'body', 'actions'],
  Container: ['type', 'separator', 'items', 'spacing'],
  RichTextBlock: ['type', 'inlines', 'spacing', 'separator'],
  TextRun: ['type', 'text', 'size', 'weight', 'isSubtle', 'fontType'],
  'Input.Text': ['type', 'id', 'label', 'maxLength', 'isMultiline', 'isRequired', 'errorMessage', 'value'],
  'Input.ChoiceSet': ['type', 'id', 'label', 'style', 'isRequired', 'errorMessage', 'choices'],
  'Action.Execute': ['type', 'title', 'verb', 'data', 'style'],
  'Action.ShowCard': ['type', 'title', 'card', 'style'],
  'Action.OpenUrl': ['type', 'title', 'url'],
};
const ENUMS: Record<string, readonly unknown[]> = {
  spacing: ['Small'],
  size: ['Small', 'Large'],
  weight: ['Bolder'],
  fontType: ['Monospace'],
  style: ['positive', 'destructive', 'compact'],
};
const INNER = ['body', 'items', 'inlines', 'actions'] as const;

/** Bytes of a message with its card (learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages). */
const MESSAGE_MAX = 28 * 1024;
/** Actions of a card that Teams shows. */
const ACTIONS_MAX = 6;

/** What is wrong with an activity that carries a card; nothing where Teams would show it. */
export function faultsOf(activity: Json): string[] {
  const faults: string[] = [];
  const ids = new Set<string>();
  if (Buffer.byteLength(JSON.stringify(activity)) > MESSAGE_MAX) faults.push('the message is over 28 KB');
  const look = (element: Json, at: string): void => {
    const type = String(element['type']);
    const known = ELEMENTS[type];
    if (known === undefined) return void faults.push(`${at}: no element \`${type}\``);
    for (const [name, value] of Object.entries(element)) {
      if (!known.includes(name)) faults.push(`${at}: \`${type}\` has no \`${name}\``);
      if (ENUMS[name]?.includes(value) === false) faults.push(`${at}: \`${name}\` is no ${JSON.stringify(value)}`);
    }
    if (type.startsWith('Input.')) {
      const id = String(element['id']);
      if (ids.has(id)) faults.push(`${at}: the input \`${id}\` is there twice`);
      ids.add(id);
      if (element['label'] === undefined) faults.push(`${at}: an input has no label`);
      if (element['isRequired'] === true && element['errorMessage'] === undefined)
        faults.push(`${at}: no errorMessage`);
    }
    if (type === 'TextRun' && (typeof element['text'] !== 'string' || element['text'] === ''))
      faults.push(`${at}: no text`);
    if (type === 'Action.OpenUrl' && !/^https?:\/\//.test(String(element['url']))) faults.push(`${at}: no url`);
    if (type === 'AdaptiveCard' && (element['actions'] as Json[]).length > ACTIONS_MAX)
      faults.push(`${at}: too many actions`);
    for (const name of INNER) {
      ((element[name] ?? []) as Json[]).forEach((one, index) => look(one, `${at}/${name}/${index}`));
    }
    if (element['card'] !== undefined) look(element['card'] as Json, `${at}/card`);
  };
  for (const { contentType, content } of (activity['attachments'] ?? []) as { contentType: string; content: Json }[]) {
    if (contentType !== 'application/vnd.microsoft.card.adaptive') faults.push(`no attachment \`${contentType}\``);
    if (content['version'] !== '1.5') faults.push('Teams shows cards up to 1.5');
    look(content, '');
  }
  if (activity['attachments'] === undefined && activity['textFormat'] !== 'plain') faults.push('its text is markdown');
  return faults;
}

/** Texts that a client reads as markdown, or replaces: none of what came from outside may be among them. */
export function marked(card: Json): string[] {
  const found: string[] = [];
  const look = (value: unknown, inRun: boolean): void => {
    if (Array.isArray(value)) return value.forEach((one) => look(one, inRun));
    if (typeof value !== 'object' || value === null) {
      if (typeof value === 'string' && /\{\{\s*(DATE|TIME)\(/i.test(value)) found.push(value);
      return;
    }
    const element = value as Json;
    for (const [name, inner] of Object.entries(element)) {
      if (['type', 'url', 'id', 'verb', 'data', '$schema'].includes(name)) continue;
      // `title`, `label` and `text` of anything but a run may be read as markdown.
      if (
        typeof inner === 'string' &&
        element['type'] !== 'TextRun' &&
        ['title', 'label', 'text', 'errorMessage'].includes(name)
      ) {
        if (/[*_`<>[\]#|~]|\]\(/.test(inner)) found.push(inner);
      }
      look(inner, element['type'] === 'TextRun');
    }
  };
  look(card, false);
  return found;
}
