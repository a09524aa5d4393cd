/** Before each file that shares a stack: registers what has to be true at its end, so that none forgets it. */
import { afterAll } from 'vitest';
import { replayShared } from './shared-stack.ts';

afterAll(replayShared);
