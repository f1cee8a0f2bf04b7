import type { Operations } from '#api';
import {
  agentOperations,
  contactOperations,
  contactStanding,
  inviteOperations,
  lookAroundOperations,
  messageOperations,
  requestOperations,
  statusOperations,
} from './operations/index.ts';
import type { NodeParts } from './parts.ts';

/** Everything that the local API can do. */
export function createOperations(parts: NodeParts): Operations {
  return {
    ...statusOperations(parts),
    ...agentOperations(parts),
    ...contactOperations(parts),
    ...contactStanding(parts),
    ...lookAroundOperations(parts),
    ...requestOperations(parts),
    ...inviteOperations(parts),
    ...messageOperations(parts),
  };
}
