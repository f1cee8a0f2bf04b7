// @ts-check
import { NodeError } from './node-error.js';

/** @import { Call } from './tools.js' */

/**
 * @param {Call['params']} params
 * @param {string} name
 */
export function textIn(params, name) {
  const value = params[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new NodeError('INVALID_ARGUMENT', `${name} is missing`);
}

/**
 * In ms.
 *
 * @param {Call['params']} params
 * @param {string} name
 */
export function secondsIn(params, name) {
  const value = params[name];
  return typeof value === 'number' && value > 0 ? Math.round(value * 1000) : undefined;
}
