/** The one message about a plan. It is decided in the console, where each step is read whole. */
import type { PlanMessage } from '../../notify/plan-message.ts';
import { dated, line, strong } from '../../slack/blocks/parts-6/rich.ts';
import { plainText, safeUrl } from '../../slack/blocks/parts-6/text.ts';
import { inOneLine } from '../../slack/blocks/words.ts';
import { asItIs, heading, openUrl, paragraph, section, smallText } from './elements.ts';
import type { Card } from './model.ts';

/** Steps that a card lists; the page behind the link has all. */
const MAX_STEPS = 40;

export function renderPlanCard(message: PlanMessage): Card {
  const { title, steps, ask, expiresAt, plan } = message;
  const url = safeUrl(message.consoleUrl);
  const name = title === null ? `${steps.length} steps` : `${plainText(title, 100)}, ${steps.length} steps`;
  const headline = ask === null ? `Plan: ${name}` : `⏳ Decide a plan: ${name}`;
  const listed = steps
    .slice(0, MAX_STEPS)
    .map(({ index, message: step }) =>
      paragraph(line(strong(`${index + 1}.`, 10), ` ${inOneLine(step)} · ${step.state.replace('_', ' ')}`)),
    );
  const more = steps.length - listed.length;
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.5',
    fallbackText: asItIs(plainText(headline, 200)),
    body: [
      heading(headline),
      section([...listed, ...(more > 0 ? [smallText(`And ${more} more`)] : [])]),
      ...(ask === null || expiresAt === null
        ? []
        : [paragraph(line(strong('Decide by:', 40), ' ', dated(expiresAt), '; what is not decided then is refused.'))]),
      smallText(
        ask === null || url !== null
          ? plainText(plan, 64)
          : `Decide it in the console, or with countersign plan; it is ${plainText(plan, 64)}`,
      ),
    ],
    actions: url === null ? [] : [openUrl(ask === null ? 'Open console' : 'Read and decide in the console', url)],
  };
}
