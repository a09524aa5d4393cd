/** The action's status as a search attribute, for workflows that were started with one. */
import { defineSearchAttributeKey } from '@temporalio/common';
import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { SEARCH_ATTRIBUTES } from '../contract/search-attributes.ts';
import type { Action } from '../contract/index.ts';

const STATUS = defineSearchAttributeKey(SEARCH_ATTRIBUTES.status, 'KEYWORD');

/**
 * Tells visibility of a status that is new. Whether there is anything to tell stands in the history's first event, so a history of before, or
 * without search attributes, has the events that it always had.
 */
export function createSearchable(): (status: Action['status']) => void {
  let known = workflowInfo().typedSearchAttributes.get(STATUS);
  return (status) => {
    if (known === undefined || known === status) return;
    known = status;
    upsertSearchAttributes([{ key: STATUS, value: status }]);
  };
}
