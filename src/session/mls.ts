/**
 * The one door to the library. Its files are named one by one because the index also loads providers that sessions
 * never use. `processMessage` is not among them: for private messages it drops the PSK index (spec 5.7).
 */
export { createGroup, decodeGroupState, encodeGroupState, joinGroup } from 'ts-mls/clientState.js';
export { createCommit } from 'ts-mls/createCommit.js';
export { createApplicationMessage } from 'ts-mls/createMessage.js';
export { generateKeyPackageWithKey, makeKeyPackageRef, verifyKeyPackage } from 'ts-mls/keyPackage.js';
export { defaultKeyPackageEqualityConfig } from 'ts-mls/keyPackageEqualityConfig.js';
export { verifyLeafNodeSignatureKeyPackage } from 'ts-mls/leafNode.js';
export { decodeMlsMessage, encodeMlsMessage } from 'ts-mls/message.js';
export { processPrivateMessage } from 'ts-mls/processMessages.js';
export { emptyPskIndex } from 'ts-mls/pskIndex.js';
