/**
 * `npm run screenshots [slack|states|plan|teams|mail|console]…`: every picture of the pages, taken in Chromium of a running stack in which real actions
 * were asked for and decided. Without names all are taken, and pictures that nothing takes any more are removed.
 */
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../../test/support/browser.ts';
import { consolePictures } from './console.ts';
import { mailPictures } from './mail.ts';
import { removeOthers } from './screens.ts';
import { planPictures, slackPictures } from './slack.ts';
import { statePictures } from './states.ts';
import { teamsPictures } from './teams.ts';

const PARTS: Record<string, (browser: Browser) => Promise<void>> = {
  slack: slackPictures,
  states: statePictures,
  plan: planPictures,
  teams: teamsPictures,
  mail: mailPictures,
  console: consolePictures,
};

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !Object.hasOwn(PARTS, name));
if (unknown !== undefined) {
  console.error(`there are no pictures of \`${unknown}\`; there are ${Object.keys(PARTS).join(', ')}`);
  process.exit(2);
}
const browser = await launchBrowser();
try {
  for (const [name, take] of Object.entries(PARTS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    console.log(name);
    await take(browser);
  }
  if (wanted.length === 0) removeOthers(['screenshots', 'console']);
  console.log('the pictures are in docs/screenshots and docs/console');
} finally {
  await browser.close();
}
