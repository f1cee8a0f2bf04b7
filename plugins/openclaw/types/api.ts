/** The local API of a node, as its own client types it: what this plugin calls cannot drift from it. */
export type {
  AgentView,
  ContactView,
  Input,
  MessageView,
  OperationName,
  OutboxView,
  Output,
  RequestView,
  SentView,
  TurnEvent,
} from '../../../src/client.ts';
