// @ts-check
import { errorLines, ownerCommands } from './owner.js';

/** @import { Program } from '../types/host.ts' */
/** @import { NodeApi } from './node-api.js' */
/** @import { OwnerCall } from './owner.js' */

export const cliDescription = 'Peers of your agents: who they are, and who asks to become one';

/**
 * `openclaw mesh …`, for the owner.
 *
 * @param {Program} program
 * @param {{ node: NodeApi, agent: string | undefined, print: (text: string) => void }} options
 */
export function registerCli(program, { node, agent, print }) {
  const mesh = program.command('mesh').description(cliDescription);
  for (const { name, argument, description, flags = [], run } of ownerCommands) {
    const command = mesh.command(argument === undefined ? name : `${name} <${argument}>`).description(description);
    command.option('--agent <name>', 'Agent of the node that this is about');
    if (flags.includes('tier')) command.option('--tier <tier>', 'notify, bounded, trusted or owner');
    if (flags.includes('name')) command.option('--name <name>', 'What to call the contact here');
    command.action(async (...given) => {
      // The argument, if there is one, stands before the flags.
      const words = argument === undefined ? [] : [String(given[0])];
      const options = /** @type {Record<string, string | undefined>} */ (given[words.length] ?? {});
      const tier = /** @type {OwnerCall['tier']} */ (options['tier']);
      try {
        const lines = await run({ node, agent: options['agent'] ?? agent, words, tier, petname: options['name'] });
        print(`${lines.join('\n')}\n`);
      } catch (error) {
        print(`${errorLines(error).join('\n')}\n`);
        process.exitCode = 1;
      } finally {
        node.close();
      }
    });
  }
}
