/** What is rendered, and the names that come back from Teams. */
import type { JsonObject } from '../../contract/index.ts';

/** Version of everything in this folder that makes a card of a message: sealed beside the hash of what was shown. */
export const CARD_RENDERER = 'teams/1';

/** An Adaptive Card, whole. */
export type Card = JsonObject & { type: 'AdaptiveCard'; body: JsonObject[]; actions: JsonObject[] };

/** What an `Action.Execute` asks for. */
export const CARD_VERBS = ['approve', 'refuse', 'return', 'extend'] as const;
export type Verb = (typeof CARD_VERBS)[number];

/** Ids of inputs, unique in the whole card. */
export const CARD_INPUTS = {
  reason: (verb: Verb): string => `${verb}_reason`,
  until: 'extend_until',
  change: (index: number): string => `change_${index}`,
} as const;

/** How many values an approver may change in a card. */
export const CARD_CHANGES_MAX = 10;

/** Characters of a reason that a card takes. */
export const MAX_REASON = 1000;

/** What a button is about: the action, and the rendering of it that was on the screen. */
export interface About {
  action: string;
  revision: number;
  stage: number;
}
