// @ts-check

/**
 * What somebody else wrote, for a terminal or a chat: in one line, without what would move a cursor or turn the direction of writing.
 *
 * @param {string} text
 */
export const plain = (text) => text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\uFFFD');
