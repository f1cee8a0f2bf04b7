import { type ErrorCode, isErrorCode, MeshError } from '#kernel';
import type { ConnectionEnd } from './connection.ts';

/** A goodbye without a fault (RFC 6455 §7.4.1). */
export const normalClose = 1000;

const codes = new Map<ErrorCode, number>([
  ['SHUTTING_DOWN', 1001],
  ['MALFORMED', 1002],
  ['UNSUPPORTED_VERSION', 1002],
  ['FRAME_TOO_LARGE', 1009],
  ['INTERNAL', 1011],
  ['RATE_LIMITED', 1013],
]);

/** The WebSocket close code for an error; 1008, a broken rule, for all without one of their own. */
export const closeCodeOf = (code: ErrorCode): number => codes.get(code) ?? 1008;

/** Why the far end, or the network, ended a connection. The reason of a goodbye is the code of the error. */
export function errorOfEnd(end: ConnectionEnd): MeshError {
  if (isErrorCode(end.reason)) return new MeshError(end.reason, `The far end closed the link: ${end.reason}`);
  if (end.code === closeCodeOf('FRAME_TOO_LARGE')) {
    return new MeshError('FRAME_TOO_LARGE', 'The far end closed the link: a message was larger than it takes');
  }
  const how = end.code === normalClose ? 'The far end closed the link' : 'The connection broke';
  return new MeshError('LINK_CLOSED', how, { data: { closeCode: end.code } });
}
