// @ts-check
import { meshChannel } from './src/channel.js';
import { cliDescription, registerCli } from './src/cli.js';
import { NodeApi } from './src/node-api.js';
import { peerLock } from './src/peer-lock.js';
import { meshService } from './src/service.js';
import { defaultAgentOf, settingsOf } from './src/settings.js';
import { slashCommand } from './src/slash-command.js';
import { toolOf, toolSpecs } from './src/tools.js';

/** @import { HostApi } from './types/host.ts' */

/** The plugin as OpenClaw loads it: several times in one process, and for commands in a process of their own. */
export default {
  id: 'mesh',
  name: 'Agent Mesh',
  description: 'Talk to agents of other owners, end to end encrypted, over a node of Agent Mesh on this machine.',
  /** @param {HostApi} api */
  register(api) {
    const defaultAgent = defaultAgentOf(api.config);
    const settings = settingsOf(api.pluginConfig, { defaultAgent, environment: process.env });
    const node = new NodeApi(settings);
    const descriptor = { name: 'mesh', description: cliDescription, hasSubcommands: true };
    const agent = settings.agents.get(defaultAgent);
    const print = (/** @type {string} */ text) => void process.stdout.write(text);
    api.registerCli(({ program }) => registerCli(program, { node, agent, print }), { descriptors: [descriptor] });
    // Where only the commands are looked at, nothing of the gateway is there.
    if (api.registrationMode === 'cli-metadata') return;
    if (api.registrationMode !== 'tool-discovery') {
      api.registerChannel({ plugin: meshChannel({ node, settings, defaultAgent }) });
    }
    if (['setup-only', 'setup-runtime'].includes(api.registrationMode)) return;
    api.registerCommand(slashCommand({ node, settings, defaultAgent }));
    for (const spec of toolSpecs) {
      api.registerTool((context) => toolOf(spec, context, { settings, node, defaultAgent }), { name: spec.name });
    }
    api.on('before_tool_call', peerLock({ settings, node }));
    api.registerService(meshService(settings, api));
  },
};
