// @ts-check
import { execFile } from 'node:child_process';
import { codeOf } from './node-error.js';

/** @import { NodeApi } from './node-api.js' */
/** @import { Settings } from './settings.js' */
/** @import { HostLogger } from '../types/host.ts' */

/** How long the command may take: it waits until the node is at work. */
const startMs = 60_000;
const hint = 'Start it by hand (mesh up --detach), or set meshCommand of the plugin mesh to where the program is';

/**
 * Starts the node of the folder unless it runs. It goes on when the gateway stops, so that messages are taken meanwhile. Never rejects:
 * what went wrong is in the log, and the service attaches as soon as there is a node.
 *
 * @param {{ settings: Settings, node: NodeApi, logger: HostLogger }} options
 */
export async function startNode({ settings, node, logger }) {
  const { stateDir, meshCommand, agents } = settings;
  const mesh = (/** @type {readonly string[]} */ ...words) => run([...meshCommand, ...words, '--state-dir', stateDir]);
  try {
    const state = await stateOf(node);
    if (state === undefined) return;
    const [name] = [...agents.values()];
    if (state === 'NOT_INITIALIZED' && name !== undefined) {
      await mesh('init', '--name', name);
      logger.info(`mesh: made the agent ${name} in ${stateDir}`);
    }
    await mesh('up', '--detach');
    logger.info(`mesh: started the node on ${stateDir}. It goes on when the gateway stops; mesh down stops it`);
  } catch (error) {
    logger.warn(`mesh: the node was not started: ${textOf(error)}. ${hint}`);
  }
}

/**
 * Why there is no node to talk to; undefined when there is one.
 *
 * @param {NodeApi} node
 */
async function stateOf(node) {
  try {
    await node.call('status', {});
    return undefined;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'NODE_NOT_RUNNING' || code === 'NOT_INITIALIZED') return code;
    throw error;
  }
}

/**
 * Rejects with what the command wrote when it failed.
 *
 * @param {readonly string[]} command
 * @returns {Promise<void>}
 */
function run([file = '', ...words]) {
  return new Promise((resolve, reject) => {
    execFile(file, words, { timeout: startMs, windowsHide: true }, (error, stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error((stderr || stdout).trim() || error.message, { cause: error }));
    });
  });
}

/** @param {unknown} error */
const textOf = (error) => (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ');
