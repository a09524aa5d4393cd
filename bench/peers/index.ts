/** `npm run bench peers`: one refund with one human's yes, in each peer that installs and here, on one machine in one run. */
import { startTestStack } from '../../test/support/stack.ts';
import { byHand } from './by-hand.ts';
import { ours } from './countersign.ts';
import { langchain } from './langchain.ts';
import { pythonPeers } from './python.ts';
import { print } from './report.ts';

export async function peers(): Promise<boolean> {
  for (const report of await pythonPeers()) {
    if (typeof report === 'string') console.log(report);
    else print(report);
  }
  print(await langchain());
  const stack = await startTestStack();
  try {
    print(await byHand(stack.stack.temporal.address));
    print(await ours(stack));
  } finally {
    await stack.stop();
  }
  return true;
}
