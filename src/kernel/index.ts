export { type Backoff, backoffMs } from './backoff.ts';
export {
  concatBytes,
  discardBytes,
  copyBytes,
  equalBytes,
  fromBase64url,
  fromHex,
  fromUtf8,
  toBase64url,
  toHex,
  toUtf8,
} from './bytes.ts';
export { canonicalJson } from './canonical-json.ts';
export { decodeCbor, encodeCbor } from './cbor.ts';
export { backgroundClock, type Clock, systemClock } from './clock.ts';
export { type ErrorCode, type ExitCode, errorTable } from './error-table.ts';
export { codeOf, isErrorCode, MeshError, type MeshErrorOptions, toMeshError } from './errors.ts';
export { EventStream } from './event-stream.ts';
export { createIds, type IdSource, isId } from './ids.ts';
export { defaultLimits, type Limits } from './limits.ts';
export { type LogFields, type Logger, silentLogger } from './logger.ts';
export { networkOf } from './network-of.ts';
export { PacedRetry } from './paced-retry.ts';
export { type Random, systemRandom } from './random.ts';
export { Serial } from './serial.ts';
export { shellWord } from './shell-word.ts';
