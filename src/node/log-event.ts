import type { Logger } from '#kernel';
import type { NodeEvent } from './node-event.ts';

/** What happens, as a line for whoever runs the node: ids, codes and counts, never what was said. */
export function logEvent(logger: Logger, event: NodeEvent): void {
  switch (event.type) {
    case 'received':
      logger.debug('messages.received', { agent: event.agent, peer: event.peer, count: event.messages.length });
      return;
    case 'state': {
      const { agent, peer, step, state, reason, ids } = event;
      logger.debug('messages.state', { agent, peer, step, state, reason, count: ids.length });
      return;
    }
    case 'buried':
    case 'held':
      logKept(logger, event);
      return;
    case 'file':
    case 'files-refused':
      logFile(logger, event);
      return;
    case 'contact':
    case 'mailed':
      logContact(logger, event);
      return;
    case 'route':
      logRoute(logger, event);
      return;
    case 'hub': {
      const { agent, membership, status } = event;
      const hub = membership.address.base;
      logger.info(`hub.${status.state}`, { agent, hub, code: status.lastError?.code });
      return;
    }
    case 'paused':
    case 'resumed':
      logger.warn(`programs.${event.type}`, { agent: event.pause.agent });
      return;
    default:
      // Others are told where they happen, or by the contact's own line.
      logNode(logger, event);
  }
}

function logNode(logger: Logger, event: NodeEvent): void {
  if (event.type === 'stopping') logger.info('node.stopping');
  if (event.type === 'agent-added') logger.info('agent.added', { agent: event.agent });
}

function logContact(logger: Logger, { type, contact }: Extract<NodeEvent, { type: 'contact' | 'mailed' }>): void {
  const { agent, petname, agentId: peer, state } = contact;
  if (type === 'mailed') logger.info('exchange.stored', { agent, peer });
  else logger.info('contact.state', { agent, petname, peer, state });
}

/** What no program handles, for good or until its owner says so. */
function logKept(logger: Logger, event: Extract<NodeEvent, { type: 'buried' | 'held' }>): void {
  const { agent, peer, ids } = event;
  const why = event.type === 'held' ? { direction: event.direction } : { reason: event.reason };
  logger.warn(`messages.${event.type}`, { agent, peer, ...why, count: ids.length });
}

function logFile(logger: Logger, event: Extract<NodeEvent, { type: 'file' | 'files-refused' }>): void {
  const { agent, peer } = event;
  if (event.type === 'files-refused') {
    const { message, bytes, reason } = event;
    logger.warn('files.refused', { agent, peer, message, bytes, code: reason });
    return;
  }
  const { direction, state, message, size, reason } = event.file;
  if (state !== 'open') logger.info(`file.${state}`, { agent, peer, message, direction, bytes: size, reason });
}

function logRoute(logger: Logger, { agent, peer, change }: Extract<NodeEvent, { type: 'route' }>): void {
  if (change.type === 'up') logger.info('link.up', { agent, peer, route: change.route });
  if (change.type === 'down') logger.info('link.down', { agent, peer, code: change.code });
  if (change.type !== 'held') return;
  const { code, until } = change.held;
  logger.info('link.held', { agent, peer, code, until });
}
