// @ts-check

/** What the node, or the way to it, said against a call: the code of its error table, and what to do. */
export class NodeError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {{ hint?: string, retryable?: boolean, data?: Readonly<Record<string, unknown>>, cause?: unknown }} [more]
   */
  constructor(code, message, { hint = '', retryable = false, data = {}, cause } = {}) {
    super(message, { cause });
    this.name = 'NodeError';
    this.code = code;
    this.hint = hint;
    this.retryable = retryable;
    this.data = data;
  }
}

/**
 * @param {string} text Body of an answer that is no success.
 * @param {number} status
 */
export function nodeErrorOf(text, status) {
  const { code, message, hint, retryable, data } = fieldsOf(fieldsOf(parsed(text))['error']);
  if (typeof code !== 'string') {
    return new NodeError('INTERNAL', `The answer has status ${status} and is not one of a mesh node`, {
      hint: 'Another program may have taken its port: mesh status',
    });
  }
  return new NodeError(code, typeof message === 'string' ? message : code, {
    hint: typeof hint === 'string' ? hint : '',
    retryable: retryable === true,
    data: fieldsOf(data),
  });
}

/** @param {unknown} error */
export const codeOf = (error) => (error instanceof NodeError ? error.code : 'INTERNAL');

/**
 * @param {unknown} value
 * @returns {Readonly<Record<string, unknown>>}
 */
export const fieldsOf = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};

/**
 * @param {string} text
 * @returns {unknown}
 */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
