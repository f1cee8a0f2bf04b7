import type { Logger } from '#kernel';
import type { NodeEvent } from './node-event.ts';

/** What happens, as a line for whoever runs the node: ids, codes and counts, never what was said. */
export function logEvent(logger: Logger, event: NodeEvent): void {
  switch (event.type) {
    case 'received':
      logger.debug('messages.received', { agent: event.agent, peer: event.peer, count: event.messages.length });
      return;
    case 'state': {
      const { agent, peer, state, reason, ids } = event;
      logger.debug('messages.state', { agent, peer, state, reason, count: ids.length });
      return;
    }
    case 'file': {
      const { direction, state, message, size, reason } = event.file;
      const fields = { agent: event.agent, peer: event.peer, message, direction, bytes: size, reason };
      if (state !== 'open') logger.info(`file.${state}`, fields);
      return;
    }
    case 'files-refused': {
      const { agent, peer, message, bytes, reason } = event;
      logger.warn('files.refused', { agent, peer, message, bytes, code: reason });
      return;
    }
    case 'contact': {
      const { agent, petname, agentId, state } = event.contact;
      logger.info('contact.state', { agent, petname, peer: agentId, state });
      return;
    }
    case 'route': {
      const { agent, peer, change } = event;
      if (change.type === 'up') logger.info('link.up', { agent, peer, route: change.route });
      if (change.type === 'down') logger.info('link.down', { agent, peer, code: change.code });
      return;
    }
    case 'agent-added':
      logger.info('agent.added', { agent: event.agent });
      return;
    case 'stopping':
      logger.info('node.stopping');
      return;
    case 'request':
    case 'session-replaced':
    case 'superseded':
      // Told where they happen, or by the contact's own line.
      return;
  }
}
