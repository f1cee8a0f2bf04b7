// @ts-check
import { Attachment } from './attachment.js';
import { systemClock } from './clock.js';
import { NodeApi } from './node-api.js';
import { startNode } from './start-node.js';
import { turnHandler } from './turns.js';

/** @import { HostApi, HostService, ServiceContext } from '../types/host.ts' */
/** @import { Settings } from './settings.js' */

/**
 * Attaches the agents of the gateway to the node, and keeps at it: the node may come and go.
 *
 * @param {Settings} settings
 * @param {HostApi} api
 * @returns {HostService}
 */
export function meshService(settings, api) {
  /** @type {Attachment[]} */
  let attachments = [];
  const node = new NodeApi(settings);
  return {
    id: 'mesh',
    async start(context) {
      if (settings.startNode) void startNode({ settings, node, logger: context.logger });
      if (!settings.inbound) {
        context.logger.info('mesh: inbound is false, so messages of peers stay in the inbox of the node');
        return;
      }
      attachments = [...settings.agents].map(([gatewayAgent, meshAgent]) =>
        attachmentOf({ gatewayAgent, meshAgent, settings, node }, { api, context }),
      );
      for (const attachment of attachments) attachment.start();
    },
    async stop() {
      await Promise.all(attachments.splice(0).map((attachment) => attachment.stop()));
      node.close();
    },
  };
}

/**
 * @param {{ gatewayAgent: string, meshAgent: string | undefined, settings: Settings, node: NodeApi }} who
 * @param {{ api: HostApi, context: ServiceContext }} host
 */
function attachmentOf({ gatewayAgent, meshAgent, settings, node }, { api, context }) {
  const { logger, serviceHealth } = context;
  const { turnTimeoutMs: timeoutMs, concurrency } = settings;
  return new Attachment({
    node,
    gatewayAgent,
    meshAgent,
    concurrency,
    timeoutMs,
    logger,
    clock: systemClock,
    handle: turnHandler({
      gatewayAgent,
      timeoutMs,
      subagent: api.runtime.subagent,
      clock: systemClock,
      node,
      meshAgent,
    }),
    onLost: (error) => serviceHealth?.reportFailure(error),
    onAttached: () => serviceHealth?.clearFailure(),
  });
}
