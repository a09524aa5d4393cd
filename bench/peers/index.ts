/** `npm run bench peers`: one refund with one human's yes, by hand with Temporal, in LangChain, and here, on one machine in one run. */
import { startTestStack } from '../../test/support/stack.ts';
import { byHand } from './by-hand.ts';
import { ours } from './countersign.ts';
import { langchain } from './langchain.ts';
import { print } from './report.ts';

export async function peers(): Promise<boolean> {
  const stack = await startTestStack();
  try {
    print(await byHand(stack.stack.temporal.address));
    print(await langchain());
    print(await ours(stack));
  } finally {
    await stack.stop();
  }
  return true;
}
