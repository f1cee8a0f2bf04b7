import { MeshError } from '#kernel';
import { type OfflineOperationName, operationNames, type Operations, routeOf } from '#api';

/** All operations where no node runs: those that only read work, the others throw NODE_NOT_RUNNING. */
export function offlineOperations(readable: Pick<Operations, OfflineOperationName>): Operations {
  const refusals = operationNames
    .filter((name) => routeOf(name).offline !== true)
    .map((name) => [name, () => refuse()] as const);
  // Every name is either readable or refused.
  return { ...readable, ...Object.fromEntries(refusals) } as Operations;
}

function refuse(): never {
  throw new MeshError('NODE_NOT_RUNNING');
}
