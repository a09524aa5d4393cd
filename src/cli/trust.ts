/** The keys given to a verifier. They come from another place than the evidence. */
import { readSealed } from '../canonical/index.ts';
import { CountersignError, isCountersignError } from '../contract/index.ts';
import type { Trust } from '../sealing/index.ts';
import type { Io } from './io.ts';
import { readText, usage } from './values.ts';

/** Unusable keys are the caller's mistake, and say nothing about any receipt. */
export async function readRecordKeys(io: Io, files: readonly string[]): Promise<unknown[]> {
  const { readPublicJwk } = await import('../sealing/index.ts');
  const keys: unknown[] = [];
  for (const file of files) {
    let value: unknown;
    try {
      value = readSealed(await readText(io, file));
    } catch (error) {
      if (isCountersignError(error)) throw error;
      throw usage(`\`${file}\` is not JSON; give the JWKS that \`countersign keys export\` wrote`);
    }
    const listed = (value as { keys?: unknown } | null)?.keys;
    const entries: unknown[] = Array.isArray(listed) ? listed : [value];
    if (entries.length === 0 || entries.some((key) => readPublicJwk(key) === null)) {
      throw usage(
        `\`${file}\` holds no keys, or one that is not an Ed25519 or P-256 JWK; give the JWKS that \`countersign keys export\` wrote`,
      );
    }
    keys.push(...entries);
  }
  return keys;
}

/**
 * The keys that a history proves from those given.
 *
 * @throws CountersignError `invalid-evidence` when it does not hold
 */
export async function readKeyHistory(io: Io, file: string, given: Trust): Promise<Trust> {
  const [{ followKeys }, { nodeVerify }] = await Promise.all([
    import('../sealing/index.ts'),
    import('../keys/ed25519.ts'),
  ]);
  let history: unknown;
  try {
    history = readSealed(await readText(io, file));
  } catch (error) {
    if (isCountersignError(error)) throw error;
    throw usage(`\`${file}\` is not JSON; give the key-history.json that \`countersign keys export\` wrote`);
  }
  try {
    return (await followKeys(given, history, { verify: nodeVerify })).trust;
  } catch (error) {
    if (!isCountersignError(error)) throw error;
    throw new CountersignError('invalid-evidence', `the key history does not hold: ${error.message}`, { cause: error });
  }
}

/** C2SP vkeys, given as themselves or as files that hold them, a line each. */
export async function readLogKeys(io: Io, given: readonly string[]): Promise<string[]> {
  const { parseVkey } = await import('../ledger/index.ts');
  const keys: string[] = [];
  for (const one of given) {
    const text = one.includes('+') && !one.includes('/log') ? one : await readText(io, one);
    for (const line of text.split('\n').filter((part) => part.trim() !== '')) {
      try {
        parseVkey(line.trim());
      } catch {
        throw usage(`\`${one}\` is not a log’s key; give what \`countersign keys export\` wrote into log.vkey`);
      }
      keys.push(line.trim());
    }
  }
  if (keys.length === 0)
    throw usage('the file of `--log-key` is empty; give what `countersign keys export` wrote into log.vkey');
  return keys;
}
