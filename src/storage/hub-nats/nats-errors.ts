import { MeshError, toMeshError } from '#kernel';

const wrongLastSequence = new Set([10071, 10164]);
const notFound = new Set([10037, 10043, 10059]);
const deleteFailed = 10057;
const noSpace = new Set([10023, 10047, 10077, 10028]);
const unavailable = new Set([10005, 10008, 10009, 10039, 10076]);
const passingNames = new Set([
  'TimeoutError',
  'RequestError',
  'NoRespondersError',
  'JetStreamNotEnabled',
  'ConnectionError',
  'ClosedConnectionError',
  'DrainingConnectionError',
]);

/** Compared by name and number: the classes are loaded only where the store is. */
interface NatsError {
  readonly name: string;
  readonly code: number;
  readonly status: number;
}

function natsErrorOf(error: unknown): NatsError {
  if (!(error instanceof Error)) return { name: '', code: 0, status: 0 };
  const number = (field: string): number => {
    const value: unknown = Reflect.get(error, field);
    return typeof value === 'number' ? value : 0;
  };
  return { name: error.name, code: number('code'), status: number('status') };
}

/** The write met something newer than it expected. */
export const isOvertaken = (error: unknown): boolean => wrongLastSequence.has(natsErrorOf(error).code);

export const isAbsent = (error: unknown): boolean => notFound.has(natsErrorOf(error).code);

/** What should be deleted is not there. */
export const isDeleted = (error: unknown): boolean =>
  natsErrorOf(error).code === deleteFailed && error instanceof Error && error.message.includes('no message found');

/** It may succeed a moment later: no leader, no answer, no connection. */
export function isPassing(error: unknown): boolean {
  const { name, code, status } = natsErrorOf(error);
  return passingNames.has(name) || unavailable.has(code) || status === 503 || status === 408 || code === 503;
}

/** What it means to who used the store. */
export function toHubStoreError(error: unknown): MeshError {
  if (error instanceof MeshError) return error;
  if (error instanceof StaleState) return unreachable(error);
  if (noSpace.has(natsErrorOf(error).code))
    return new MeshError('STORE_FULL', 'JetStream has no room for more', { cause: error });
  if (isPassing(error)) return unreachable(error);
  return toMeshError(error);
}

export const unreachable = (cause?: unknown): MeshError =>
  new MeshError('HUB_STORE_UNREACHABLE', 'JetStream did not confirm it in time', { cause });

/** What was read before does not hold any more: the step is done again with what is there now. Never leaves the store. */
export class StaleState extends Error {
  override readonly name = 'StaleState';
}
