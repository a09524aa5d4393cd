/** People's screens in Chromium: a phone and a desk, and the pictures of what is on them, kept in docs. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Locator, Page } from 'playwright-core';
import { smallPng } from './small-png.ts';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
const kept = new Set<string>();

/** @param name below docs, without its ending */
export function keepPicture(name: string, png: Buffer): void {
  writeFileSync(`${DOCS}${name}.png`, smallPng(png));
  kept.add(`${name}.png`);
}

/** Removes the pictures of these folders of docs that this run did not take: nothing shows them any more. */
export function removeOthers(folders: readonly string[]): void {
  for (const folder of folders) {
    for (const file of readdirSync(`${DOCS}${folder}`)) {
      if (!kept.has(`${folder}/${file}`)) rmSync(`${DOCS}${folder}/${file}`);
    }
  }
}

/** CSS pixels; a phone's picture has two of its own for each. */
const SIZES = {
  phone: { width: 390, height: 844, scale: 2 },
  desktop: { width: 1280, height: 800, scale: 1 },
} as const;
export type Size = keyof typeof SIZES;

/** A message at a desk is hardly wider than on a phone: the rest of the window is empty. */
const MAX_WIDTH = 760;

export interface Screen {
  page: Page;
  size: Size;
  /** Shows a channel as this person sees it. */
  at(user: string, channel: string, more?: string): Promise<void>;
  /** A message of the channel. */
  message(ts: string): Locator;
  /** Keeps a picture of `what`, or of the whole window. */
  picture(name: string, what?: Locator): Promise<void>;
  /** Keeps a picture of the form that is open. */
  form(name: string): Promise<void>;
  close(): Promise<void>;
}

type Clip = Record<'x' | 'y' | 'width' | 'height', number>;

/** As much of a DOM element as is asked here. */
interface Shape {
  getBoundingClientRect(): { top: number; bottom: number };
  querySelectorAll(selector: string): Iterable<Shape>;
}

/** In the page: how far down the content of an element goes, from its own top, whatever room it is given. */
const heightOf = (element: Shape): number => {
  const parts = [...element.querySelectorAll('.block, .message, .edited, .replies')];
  const bottoms = parts.map((part) => part.getBoundingClientRect().bottom);
  return Math.max(...bottoms, 0) - element.getBoundingClientRect().top;
};

export async function openScreen(browser: Browser, url: string, size: Size): Promise<Screen> {
  const { width, height, scale } = SIZES[size];
  const context = await browser.newContext({
    viewport: { width, height },
    deviceScaleFactor: scale,
    locale: 'en-US',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const keep = async (name: string, clip?: Clip): Promise<void> => {
    await page.mouse.move(0, 0);
    const png = await page.screenshot({ animations: 'disabled', caret: 'hide', ...(clip && { clip }) });
    keepPicture(`screenshots/${name}-${size}`, png);
    await page.setViewportSize({ width, height });
  };
  return {
    page,
    size,
    async at(user, channel, more = '') {
      // A change of the address behind `#` alone loads nothing: what the last person typed would stay.
      await page.goto('about:blank');
      await page.goto(`${url}/slack-sandbox/#user=${user}&channel=${channel}${more}`);
      await page.locator('#sidebar button').first().waitFor({ state: 'attached' });
    },
    message: (ts) => page.locator(`#messages [data-ts="${ts}"]`),
    async picture(name, what) {
      // Whatever is taller than the window is shown whole, as by one who scrolls.
      const tall = await what?.evaluate(heightOf);
      if (tall !== undefined) await page.setViewportSize({ width, height: Math.ceil(tall) + 300 });
      await what?.scrollIntoViewIfNeeded();
      const box = await what?.boundingBox();
      await keep(
        name,
        box == null || tall === undefined
          ? undefined
          : { ...box, width: Math.min(box.width, MAX_WIDTH), height: Math.min(box.height, tall + 12) },
      );
    },
    async form(name) {
      // A form fills a phone; below its last line there is nothing to see.
      const tall = await page.getByRole('dialog').evaluate(heightOf);
      await page.setViewportSize({ width, height: Math.ceil(tall) + 96 });
      await keep(name);
    },
    close: () => context.close(),
  };
}
