/**
 * Claude Agent SDK: a `PreToolUse` hook that waits. The SDK lets a tool run when its hook times out, so the hook answers long before its
 * `timeout`, whatever is caught is a deny, and it never answers `defer`. The permit is redeemed inside the tool: see `tool.ts`.
 */
import type { Refund, RefundTool } from './tool.ts';

/** As much of the SDK's types as is read and said. */
export interface PreToolUse {
  tool_name: string;
  tool_input: unknown;
  tool_use_id?: string;
}
type Decision = { permissionDecision: 'allow' | 'deny'; permissionDecisionReason: string };
export type HookAnswer = { hookSpecificOutput: Decision & { hookEventName: 'PreToolUse' } };

/** Seconds: the hook's `timeout`, `{ matcher, timeout: HOOK_TIMEOUT, hooks: [hook] }`. */
export const HOOK_TIMEOUT = 300;
const WAIT_MS = 240_000;
const PAUSE_MS = 2000;

export function claudeHook(guarded: RefundTool, { waitMs = WAIT_MS }: { waitMs?: number } = {}) {
  return async (
    hook: PreToolUse,
    toolUseId: string | undefined,
    { signal }: { signal: AbortSignal },
  ): Promise<HookAnswer> => {
    try {
      const id = hook.tool_use_id ?? toolUseId;
      if (id === undefined) return answer('deny', 'the call has no id; nothing was asked');
      const end = Date.now() + waitMs;
      for (;;) {
        const standing = await guarded.ask(hook.tool_input as Refund, { id, signal });
        if (standing.status === 'released') return answer('allow', `released as ${standing.action.id}`);
        if (standing.status === 'refused' || Date.now() + PAUSE_MS > end)
          return answer('deny', standing.ending.message);
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    } catch (error) {
      return answer('deny', error instanceof Error ? error.message : 'the engine could not be asked');
    }
  };
}

/** The handler of the SDK's `tool('refund', …)`: the call's id comes with it, and without one nothing is asked anew. */
export function claudeTool(guarded: RefundTool) {
  return async (input: Refund, { _meta }: { _meta?: Record<string, unknown> }) => {
    try {
      const id = _meta?.['claudecode/toolUseId'];
      if (typeof id !== 'string') throw new Error('the call has no id; nothing was done');
      return { content: [{ type: 'text' as const, text: await guarded.execute(input, { id, wait: 0 }) }] };
    } catch (error) {
      const text = error instanceof Error ? error.message : 'it failed';
      return { isError: true, content: [{ type: 'text' as const, text }] };
    }
  };
}

const answer = (permissionDecision: 'allow' | 'deny', permissionDecisionReason: string): HookAnswer => ({
  hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision, permissionDecisionReason },
});
