/** Who acts, and whom they act for. */

/** The part of an actor that says who acts. */
export interface Acting {
  id: string;
  onBehalfOf?: Acting | undefined;
}

/** The actor, then whom it acts for, then whom they act for, and so on. */
export function actingChain<T extends Acting & { onBehalfOf?: T | undefined }>(actor: T): T[] {
  const chain: T[] = [];
  for (let at: T | undefined = actor; at !== undefined; at = at.onBehalfOf) chain.push(at);
  return chain;
}

/** The ids of {@link actingChain}: who can never approve under four eyes. */
export const actingIds = (actor: Acting): string[] => actingChain(actor).map(({ id }) => id);
