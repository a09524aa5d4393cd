/** Locks the folder it is given and holds it, or prints why it cannot. */
import { isCountersignError } from '../../src/contract/index.ts';
import { lockDataFolder } from '../../src/store/index.ts';

try {
  await lockDataFolder(process.argv[2] ?? '');
  console.log('locked');
  setInterval(() => undefined, 1000);
} catch (error) {
  console.log(isCountersignError(error) ? error.code : error);
}
