/** Stages × quorum × who × time × change × failure, as data: for the reducer here, and for a real server. */
import type { Scenario } from './kit.ts';
import { changes } from './scenarios/changes.ts';
import { people } from './scenarios/people.ts';
import { stages } from './scenarios/stages.ts';
import { time } from './scenarios/time.ts';

export const SCENARIOS: readonly Scenario[] = [...stages, ...people, ...time, ...changes];
