/** Which tools may be used: their descriptions and schemas are pinned, and a change is for an owner to accept. */
import type { Tool } from '@modelcontextprotocol/client';
import { hashOf } from '../canonical/index.ts';
import type { Json } from '../client/index.ts';
import type { ToolAnswer } from './answers.ts';
import type { McpSettings } from './settings.ts';
import type { McpState } from './state.ts';
import type { Upstream } from './upstream.ts';

/**
 * Names of tools that approve, decide or release something, in whatever form of the word: an agent that has one could approve its own calls.
 * Stems that occur in no other word also match inside a word.
 */
const APPROVES =
  /approv|countersign|greenlight|sign(ed)?[^a-z]?off(?![a-z])|break[^a-z]?glass|(^|[^a-z])(decid(e|ing)|decision|endors(e|ing)|ratif(y|ie|ying)|authori[sz](e|ing|ation)|consent|grant(ing)?|permit(ting)?|unfreez(e|ing)|unfroze|thaw(ing)?)(s|d|ed)?([^a-z]|$)/;

/** The words of a name, whether they are written apart or in camel case; look-alike letters count as letters. */
const wordsOf = (name: string): string =>
  name
    .normalize('NFKC')
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();

/** Whether a tool of this name is closed to agents unless its mapping opens it. */
export const approvesThings = (name: string): boolean => APPROVES.test(wordsOf(name));

/** Hash of all that a model reads of a tool. */
export const pinOf = ({ name, title, description, inputSchema, outputSchema, annotations }: Tool): string =>
  hashOf(JSON.parse(JSON.stringify({ name, title, description, inputSchema, outputSchema, annotations })) as Json);

export const pinsOf = (tools: readonly Tool[]): Record<string, string> =>
  Object.fromEntries(tools.map((tool) => [tool.name, pinOf(tool)]));

export interface Tools {
  /** The tools that agents may see. Changed ones are left out, because nobody has accepted their description yet. */
  listed(): Promise<Tool[]>;
  /** The tool and its pin, or why it may not be used. */
  usable(name: string): Promise<{ tool: Tool; pin: string } | ToolAnswer>;
}

export function createTools(upstream: Upstream, state: McpState, settings: McpSettings): Tools {
  const closed = (name: string): boolean =>
    approvesThings(name) && !(Object.hasOwn(settings.tools, name) && settings.tools[name]?.open === true);

  const known = async (): Promise<{ tools: Tool[]; pins: Record<string, string> }> => {
    const tools = await upstream.tools();
    const before = state.pins();
    if (before !== null) return { tools, pins: before };
    // Nothing was accepted yet. The first tools of a server are those that its owner set up.
    const pins = pinsOf(tools);
    state.pin(pins);
    return { tools, pins };
  };

  return {
    async listed() {
      const { tools, pins } = await known();
      return tools
        .filter((tool) => pins[tool.name] === pinOf(tool) && !closed(tool.name))
        .map(({ execution: _execution, ...tool }) => tool);
    },
    async usable(name) {
      const { tools, pins } = await known();
      const tool = tools.find((one) => one.name === name);
      const refuse = (code: ToolAnswer['code'], why: string): ToolAnswer => ({
        code,
        final: true,
        message: `nothing ran: ${why}`,
        tool: name,
      });
      if (tool === undefined) return refuse('tool-unknown', `the server has no tool \`${name}\``);
      if (closed(name)) {
        return refuse('tool-closed', `\`${name}\` may approve things, and is closed to agents; do not try another way`);
      }
      const pin = pinOf(tool);
      if (pins[name] !== pin) {
        const what = `the description or schema of \`${name}\` is not the one that was accepted`;
        return refuse('tool-changed', `${what}; an owner accepts it with \`countersign mcp --accept ${name}\``);
      }
      return { tool, pin };
    },
  };
}
