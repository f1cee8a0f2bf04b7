import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MeshError } from '#kernel';
import type { LocalGateway } from './find-gateway.ts';
import type { ConfigEdit } from './hooks-config.ts';
import { valueAt } from './json5-edit.ts';

export interface PluginWanted {
  /** Of the node. */
  readonly agent: string;
  readonly stateDir: string;
  readonly gatewayAgent: string;
}

/** With the sources; a node that was installed as a package comes without it. */
const pluginDir = join(import.meta.dirname, '..', '..', '..', 'plugins', 'openclaw');

/** What the gateway needs to load the plugin from where it lies. Throws NOT_FOUND, WRONG_STATE. */
export function planPlugin({ config, configPath }: LocalGateway, wanted: PluginWanted): readonly ConfigEdit[] {
  if (!existsSync(join(pluginDir, 'openclaw.plugin.json'))) {
    throw new MeshError('NOT_FOUND', `The plugin does not lie beside this program, in ${pluginDir}`, {
      hint: 'Install it with OpenClaw itself: openclaw plugins install npm-pack:./agent-mesh-openclaw-0.1.0.tgz',
    });
  }
  if (valueAt(config, ['plugins', 'entries', 'mesh']) !== undefined) {
    throw new MeshError('WRONG_STATE', `The plugin has settings already: plugins.entries.mesh in ${configPath}`, {
      hint: 'Change them there, or take it out first: openclaw plugins uninstall mesh. Then run this again.',
    });
  }
  const { agent, stateDir, gatewayAgent } = wanted;
  const settings = { stateDir, agents: { [gatewayAgent]: agent } };
  const paths = valueAt(config, ['plugins', 'load', 'paths']);
  const allow = valueAt(config, ['plugins', 'allow']);
  const isListed = !Array.isArray(allow) || allow.length === 0 || allow.includes('mesh');
  return [
    edit(
      ['plugins', 'load', 'paths'],
      [...(Array.isArray(paths) ? (paths as readonly unknown[]) : []), pluginDir],
      paths,
    ),
    edit(['plugins', 'entries', 'mesh'], { enabled: true, config: settings }, undefined),
    // An empty list allows everything.
    ...(isListed ? [] : [edit(['plugins', 'allow'], [...(allow as readonly unknown[]), 'mesh'], allow)]),
  ];
}

/** Two programs must not answer for one agent. Throws WRONG_STATE when the plugin of the gateway speaks for it. */
export function checkNoPlugin({ config, configPath }: LocalGateway, { agent, isFirst }: Speaker): void {
  const entry = valueAt(config, ['plugins', 'entries', 'mesh']);
  if (entry === undefined || valueAt(entry, ['enabled']) === false) return;
  const agents = valueAt(entry, ['config', 'agents']);
  const speaks = typeof agents === 'object' && agents !== null ? Object.values(agents).includes(agent) : isFirst;
  if (!speaks) return;
  throw new MeshError(
    'WRONG_STATE',
    `The plugin of the gateway answers for ${agent} already: plugins.entries.mesh in ${configPath}`,
    {
      hint: 'There is nothing to set up. To go without it: mesh openclaw remove, or openclaw plugins uninstall mesh',
    },
  );
}

interface Speaker {
  /** Of the node. */
  readonly agent: string;
  /** The plugin speaks for it when nothing else is said. */
  readonly isFirst: boolean;
}

const edit = (path: readonly string[], value: unknown, before: unknown): ConfigEdit => ({
  path,
  value,
  ...(before === undefined ? {} : { before }),
});
