import { type ErrorRow, row } from './error-row.ts';

/** The part of the error table about hubs. */
export const hubErrors = {
  MAILBOX_FULL: row(
    [507, 3, 'retry'],
    'The mailbox at the hub holds as many frames as it may.',
    'It is sent by itself once the other agent has fetched some. Ask its owner to start the node.',
  ),
  NOT_ADMITTED: row(
    [403, 3, 'final'],
    'The hub does not admit this agent.',
    'Ask the owner of the hub for an invite, or to put the id of this agent on its allowlist.',
  ),
  HUB_FULL: row(
    [507, 3, 'retry'],
    'The hub holds as many agents, rooms or bytes as it may.',
    'Ask the owner of the hub to raise its limits in hub.toml; see: mesh hub admin limits',
  ),
  LINK_REPLACED: row(
    [409, 3, 'final'],
    'A newer connection of the same agent took the place of this one.',
    'If this agent runs on two machines, stop one of them: a hub serves one connection an agent.',
  ),
  NO_HUB: row([409, 2, 'final'], 'This agent uses no hub.', 'Join one: mesh hub-join URL'),
  HUB_RUNNING: row(
    [409, 1, 'final'],
    'A hub already runs on this state folder.',
    'Use it, stop it with Ctrl-C, or choose another folder with --state-dir DIR',
  ),
  HUB_STORE_UNREACHABLE: row(
    [503, 4, 'retry'],
    'The NATS servers of the hub do not confirm what they are told.',
    'It is tried again. The owner of the hub: look at the NATS servers; a cluster needs more than half of them.',
  ),
  HUB_STORE_UNSUITABLE: row(
    [500, 1, 'final'],
    'The NATS servers cannot be the store of a hub.',
    'Install nats-server 2.9.10 or later, and start it with JetStream: nats-server -js',
  ),
  HUB_NOT_RUNNING: row([503, 4, 'final'], 'No hub runs on this state folder.', 'Start it with: mesh hub'),
} as const satisfies Record<string, ErrorRow>;
