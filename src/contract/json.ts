import type { Json } from '../canonical/index.ts';

export type { Json };
export type JsonObject = { [key: string]: Json };
