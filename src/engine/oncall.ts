/** The people that policy names, from the directory, or for `oncall:…` from the service that keeps the rota. */
import type { ActionRequest, Facts, OnCallFact } from '../contract/index.ts';
import { foldEmail, type Directory } from '../identity/index.ts';
import type { EngineDeps } from './deps.ts';

const ONCALL = 'oncall:';

/** The people of all references, and the rotas' answers. */
export async function peopleFacts(
  { directory: directories, oncall }: Pick<EngineDeps, 'directory' | 'oncall'>,
  tenant: string,
  request: ActionRequest,
  refs: readonly string[],
): Promise<Pick<Facts, 'people' | 'oncall'>> {
  const directory = directories.current(tenant);
  const sorted = [...new Set(refs)].sort();
  const rotas = sorted.filter((ref) => ref.startsWith(ONCALL));
  const asked = await Promise.all(rotas.map((ref) => onCall({ oncall }, directory, tenant, request, ref)));
  const said = asked.filter((fact) => fact !== null);
  const people = sorted.map((ref) => {
    const fact = said.find((one) => one.ref === ref);
    return [ref, fact?.people ?? directory.resolve(ref, request.actor)] as const;
  });
  return { people: Object.fromEntries(people), ...(said.length === 0 ? {} : { oncall: said }) };
}

/** Null where there is no rota of this name. The reference then means nobody. */
async function onCall(
  { oncall }: Pick<EngineDeps, 'oncall'>,
  directory: Directory,
  tenant: string,
  request: ActionRequest,
  ref: string,
): Promise<OnCallFact | null> {
  const answer = await oncall.ask(tenant, ref.slice(ONCALL.length));
  if (answer === null) return null;
  const { source } = answer;
  const known = 'addresses' in answer ? ofAddresses(directory, answer.addresses, request) : [];
  if (known.length > 0) return { ref, source, people: known, fallback: null };
  const why = 'why' in answer ? answer.why : 'it names nobody whom the directory has';
  const instead = answer.fallback.flatMap((one) => directory.resolve(one, request.actor));
  return { ref, source, people: [...new Set(instead)].sort(), fallback: { refs: [...answer.fallback], why } };
}

/** The active people of these addresses, sorted. An address of several people means none of them. */
function ofAddresses(directory: Directory, addresses: readonly string[], request: ActionRequest): string[] {
  const people = addresses.flatMap((address) => {
    const same = directory.people().filter(({ email }) => email !== null && foldEmail(email) === foldEmail(address));
    const [one] = same;
    return same.length === 1 && one !== undefined ? directory.resolve(one.id, request.actor) : [];
  });
  return [...new Set(people)].sort();
}
