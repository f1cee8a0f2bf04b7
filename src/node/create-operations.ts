import { operationNames, type Operations, routeOf } from '#api';
import {
  agentOperations,
  attachOperations,
  contactOperations,
  contactStanding,
  deadLetterOperations,
  reviewOperations,
  doctorOperations,
  fileOperations,
  hubOperations,
  inviteOperations,
  lanOperations,
  lookAroundOperations,
  messageOperations,
  pauseOperations,
  requestOperations,
  routeOperations,
  sentMessageOperations,
  statusOperations,
} from './operations/index.ts';
import { hostNamed, type NodeParts } from './parts.ts';
import { refuseSuperseded } from './succession.ts';

/** Everything that the local API can do. */
export function createOperations(parts: NodeParts): Operations {
  return guarded(parts, {
    ...statusOperations(parts),
    ...doctorOperations(parts),
    ...agentOperations(parts),
    ...contactOperations(parts),
    ...contactStanding(parts),
    ...lookAroundOperations(parts),
    ...hubOperations(parts),
    ...routeOperations(parts),
    ...lanOperations(parts),
    ...requestOperations(parts),
    ...inviteOperations(parts),
    ...messageOperations(parts),
    ...pauseOperations(parts),
    ...sentMessageOperations(parts),
    ...attachOperations(parts),
    ...deadLetterOperations(parts),
    ...reviewOperations(parts),
    ...fileOperations(parts),
  });
}

/** What changes nothing that others see is for the owner of a superseded agent too; `attach` looks for itself. */
const harmless: ReadonlySet<string> = new Set([
  'shutdown',
  'attach',
  'pause',
  'resume',
  'verifyCard',
  'scan',
  'scanLan',
  'probe',
  'read',
  'purgeDead',
]);

/** Nobody speaks here for an agent whose later life runs elsewhere. */
function guarded(parts: NodeParts, operations: Operations): Operations {
  const speaking = operationNames.filter((name) => routeOf(name).method === 'POST' && !harmless.has(name));
  const guards = speaking.map((name) => {
    const operation = operations[name] as (input: { agent?: string }, context: unknown) => unknown;
    const guard = async (input: { agent?: string }, context: unknown): Promise<unknown> => {
      refuseSuperseded(hostNamed(parts, input.agent).agent);
      return operation(input, context);
    };
    return [name, guard] as const;
  });
  // Each guard takes and gives what its operation does.
  return { ...operations, ...Object.fromEntries(guards) };
}
