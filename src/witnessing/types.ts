/** A witness or an anchor, by its name in the settings: the address and its secrets appear in no history. */
export interface ShareTarget {
  kind: 'witness' | 'anchor';
  name: string;
}

/** What the `shareCheckpoints` workflow asks for. */
export interface ShareActivities {
  shareCheckpoints(target: ShareTarget): Promise<{ shared: number }>;
}
