/** What Temporal costs by itself: a workflow that does nothing. */
export async function empty(): Promise<void> {}
