/**
 * Search attributes of the workflows of actions, all keywords, in namespaces that have them. They are in clear in Temporal's visibility store, so none is
 * about a person or a value.
 */
export const SEARCH_ATTRIBUTES = {
  tenant: 'CountersignTenant',
  surface: 'CountersignSurface',
  status: 'CountersignStatus',
} as const;
