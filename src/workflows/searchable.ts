/** The action's status as a search attribute, for workflows that were started with one. */
import { defineSearchAttributeKey } from '@temporalio/common';
import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { SEARCH_ATTRIBUTES } from '../contract/search-attributes.ts';
import type { Action } from '../contract/index.ts';

const STATUS = defineSearchAttributeKey(SEARCH_ATTRIBUTES.status, 'KEYWORD');

/**
 * Tells visibility about a new status. Whether the workflow has the attribute is in the first event of its history, so older histories,
 * and those without search attributes, keep their events.
 */
export function createSearchable(): (status: Action['status']) => void {
  let known = workflowInfo().typedSearchAttributes.get(STATUS);
  return (status) => {
    if (known === undefined || known === status) return;
    known = status;
    upsertSearchAttributes([{ key: STATUS, value: status }]);
  };
}
