// @ts-check
import { errorLines, ownerCommands } from './owner.js';

/** @import { SlashCommand } from '../types/host.ts' */
/** @import { NodeApi } from './node-api.js' */
/** @import { Settings } from './settings.js' */

const usage = ownerCommands.map(({ name, argument }) =>
  argument === undefined ? name : `${name} ${argument.toUpperCase()}`,
);

/**
 * `/mesh …` in a chat with the gateway. Whoever may use commands sees; only the owner decides who is trusted.
 *
 * @param {{ node: NodeApi, settings: Settings, defaultAgent: string }} options
 * @returns {SlashCommand}
 */
export function slashCommand({ node, settings, defaultAgent }) {
  return {
    name: 'mesh',
    description: 'Peers of your agent over Agent Mesh',
    acceptsArgs: true,
    requireAuth: true,
    async handler({ args = '', agentId, senderIsOwner, assertOwnerCurrent }) {
      const [name = 'status', ...words] = args
        .trim()
        .split(/\s+/)
        .filter((word) => word !== '');
      const command = ownerCommands.find((one) => one.name === name);
      if (command === undefined) return { text: `There is no /mesh ${name}. There are: ${usage.join(', ')}` };
      if (command.decides === true) {
        if (senderIsOwner !== true) return { text: `Only the owner may use /mesh ${name}.` };
        assertOwnerCurrent?.();
      }
      const agent = settings.agents.get(agentId ?? defaultAgent);
      try {
        return { text: (await command.run({ node, agent, words })).join('\n') };
      } catch (error) {
        return { text: errorLines(error).join('\n') };
      }
    },
  };
}
