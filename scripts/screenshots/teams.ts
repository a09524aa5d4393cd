/**
 * What approvers see in Teams: the cards that the app was sent, drawn by Microsoft's own renderer of Adaptive Cards with the colours and sizes
 * of Teams; clicks go the way of the Bot Framework.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { eventually } from '../../test/support/eventually.ts';
import { LEAD, refund, startTestStack, type TestStack } from '../../test/support/stack.ts';
import {
  conversationOf,
  policiesOverTeams,
  post,
  startFakeTeams,
  TEAMS_USERS,
  type FakeTeams,
  type TeamsMessage,
} from '../../test/support/teams.ts';
import { keepPicture } from './screens.ts';

const RENDERER = createRequire(import.meta.url).resolve('adaptivecards/dist/adaptivecards.min.js');

/** A machine without a font of emoji would show boxes: they are drawn as the Slack sandbox draws them. */
const EMOJI = `
import { emojiNodes } from './emoji-shapes.js';
const walker = document.createTreeWalker(document.getElementById('card'), NodeFilter.SHOW_TEXT);
const texts = [];
while (walker.nextNode()) texts.push(walker.currentNode);
for (const text of texts) text.replaceWith(...emojiNodes(text.data, { names: false }));
`;

async function drawingEmoji(): Promise<string> {
  const resolveDir = fileURLToPath(new URL('../../sandbox/slack/page/static', import.meta.url));
  const { outputFiles } = await build({
    stdin: { contents: EMOJI, resolveDir },
    bundle: true,
    format: 'iife',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

/** Of the host of cards that Teams is (adaptivecards.io, sample host configurations). */
const HOST = {
  fontFamily: "'Segoe UI', system-ui, sans-serif",
  spacing: { small: 8, default: 12, medium: 16, large: 20, extraLarge: 24, padding: 16 },
  separator: { lineThickness: 1, lineColor: '#e1dfdd' },
  fontSizes: { small: 12, default: 14, medium: 14, large: 18, extraLarge: 24 },
  containerStyles: {
    default: {
      backgroundColor: '#ffffff',
      foregroundColors: {
        default: { default: '#252424', subtle: '#616161' },
        accent: { default: '#6264a7', subtle: '#6264a7' },
        good: { default: '#237b4b', subtle: '#237b4b' },
        attention: { default: '#c4314b', subtle: '#c4314b' },
      },
    },
    emphasis: { backgroundColor: '#faf9f8', foregroundColors: { default: { default: '#252424', subtle: '#616161' } } },
  },
  actions: {
    maxActions: 6,
    spacing: 'default',
    buttonSpacing: 8,
    showCard: { actionMode: 'inline' },
    actionAlignment: 'left',
  },
};

const STYLE = `
body { margin: 0; background: #f5f5f5; font: 14px/20px 'Segoe UI', system-ui, sans-serif; color: #252424 }
main { max-width: 560px; padding: 12px 16px 16px }
header { font-size: 12px; color: #616161; margin: 0 0 6px } header b { color: #252424 }
#card { background: #fff; border-radius: 4px; box-shadow: 0 1px 3px rgb(0 0 0 / 18%); overflow: hidden }
.ac-pushButton { font: 600 14px 'Segoe UI', system-ui, sans-serif; padding: 6px 14px; border: 1px solid #c8c6c4; border-radius: 4px; background: #fff; color: #252424; margin-bottom: 6px }
.ac-pushButton.style-positive { color: #237b4b } .ac-pushButton.style-destructive { color: #c4314b }
.ac-pushButton.expanded { background: #e1dfdd }
.ac-actionSet { flex-wrap: wrap }
.ac-input { font: 14px 'Segoe UI', system-ui, sans-serif; padding: 6px 8px; border: 1px solid #c8c6c4; border-radius: 4px; width: 100%; box-sizing: border-box }
.ac-multichoiceInput { border: 0 }
.emoji svg { height: 1.1em; vertical-align: -0.15em }`;

const SIZES = { phone: { width: 390, scale: 2 }, desktop: { width: 600, scale: 1 } } as const;

/** Draws a card in the page, and opens the form behind one of its buttons. */
async function draw(page: Page, card: object, open?: RegExp): Promise<void> {
  await page.setContent(
    `<style>${STYLE}</style><main><header><b>Countersign</b> App</header><div id="card"></div></main>`,
  );
  await page.addScriptTag({ path: RENDERER });
  // Text of the page, since it is the page that has the renderer.
  await page.evaluate(`{
    const card = new AdaptiveCards.AdaptiveCard();
    card.hostConfig = new AdaptiveCards.HostConfig(${JSON.stringify(HOST)});
    card.parse(${JSON.stringify(card)});
    document.getElementById('card').append(card.render());
  }`);
  await page.addScriptTag({ content: await drawingEmoji() });
  if (open !== undefined) await page.getByRole('button', { name: open }).first().click();
}

async function picture(browser: Browser, name: string, card: object, open?: RegExp): Promise<void> {
  for (const [size, { width, scale }] of Object.entries(SIZES)) {
    const page = await browser.newPage({ viewport: { width, height: 200 }, deviceScaleFactor: scale });
    await draw(page, card, open);
    const png = await page.locator('main').screenshot({ animations: 'disabled', caret: 'hide' });
    keepPicture(`screenshots/teams-${name}-${size}`, png);
    await page.close();
  }
}

const user = TEAMS_USERS[LEAD] ?? '';
const cardOf = ({ activity }: TeamsMessage): object => activity.attachments[0].content as object;

async function cards(browser: Browser, stack: TestStack, fake: FakeTeams): Promise<void> {
  const { body } = await stack.ask(refund(420.5, { resource: { type: 'order', id: 'ord_991' } }));
  const message = await eventually('the card', () =>
    fake.messages.find(
      ({ conversation, activity }) =>
        conversation === conversationOf(user) && JSON.stringify(activity.attachments ?? []).includes(String(body.id)),
    ),
  );
  await picture(browser, 'waiting', cardOf(message));
  await picture(browser, 'refuse', cardOf(message), /^Refuse/);
  await post(stack.url, fake.click(user, message, 'approve', { approve_reason: 'fits the order' }), await fake.token());
  await eventually('the card says so', () => (/Approved/.test(JSON.stringify(cardOf(message))) ? true : undefined));
  await picture(browser, 'approved', cardOf(message));
}

export async function teamsPictures(browser: Browser): Promise<void> {
  const fake = await startFakeTeams();
  const policies = policiesOverTeams();
  const stack = await startTestStack({ COUNTERSIGN_POLICIES: policies.path, ...fake.env });
  try {
    await cards(browser, stack, fake);
  } finally {
    await stack.stop();
    policies.remove();
    await fake.close();
  }
}
