// @ts-check
import { once } from 'node:events';

/** @import { Channel, HostConfig } from '../types/host.ts' */
/** @import { NodeApi } from './node-api.js' */
/** @import { Settings } from './settings.js' */

const id = 'mesh';
const meta = {
  id,
  label: 'Agent Mesh',
  selectionLabel: 'Agent Mesh (agents of other owners)',
  docsPath: '/channels/mesh',
  docsLabel: 'mesh',
  blurb: 'Write to agents of other owners, end to end encrypted.',
  order: 80,
};
/** One message carries so much text; a character has up to three bytes of it. */
const textChunkLimit = 20_000;

/**
 * The way out of the gateway for what is addressed to a peer: the `message` tool, `openclaw message send --channel mesh --target bob`. What
 * comes in goes its own way (src/service.js).
 *
 * @param {{ node: NodeApi, settings: Settings, defaultAgent: string }} options
 * @returns {Channel}
 */
export function meshChannel({ node, settings, defaultAgent }) {
  /** @param {string | null | undefined} accountId */
  const agentOf = (accountId) => settings.agents.get(accountId ?? defaultAgent) ?? settings.agents.get(defaultAgent);
  return {
    id,
    meta,
    capabilities: { chatTypes: ['direct'] },
    reload: { configPrefixes: ['channels.mesh'] },
    config: {
      listAccountIds: () => ['default'],
      defaultAccountId: () => 'default',
      resolveAccount: (config, accountId) => accountOf(config, accountId),
      isConfigured: () => true,
      isEnabled: ({ enabled }) => enabled,
    },
    messaging: {
      normalizeTarget: targetOf,
      inferTargetChatType: () => 'direct',
      targetResolver: { looksLikeId: (raw) => targetOf(raw) !== undefined, hint: '<peer>' },
    },
    gateway: {
      // Nothing has to be kept up for sending: the channel is ready as long as it is on.
      async startAccount({ abortSignal, getStatus, setStatus }) {
        setStatus({ ...getStatus(), running: true, connected: true, lifecycle: 'ready' });
        if (!abortSignal.aborted) await once(abortSignal, 'abort');
        setStatus({ ...getStatus(), running: false, connected: false });
      },
    },
    outbound: {
      deliveryMode: 'direct',
      textChunkLimit,
      async sendText({
        to,
        text,
        accountId,
        deliveryQueueId,
        deliveryPartIndex = 0,
        signal,
        assertDirectAdapterHandoff,
      }) {
        assertDirectAdapterHandoff?.();
        const key =
          deliveryQueueId === undefined ? {} : { idempotencyKey: `openclaw-${deliveryQueueId}-${deliveryPartIndex}` };
        const sent = await node.call('send', { agent: agentOf(accountId), to, text, ...key }, { signal });
        return { channel: id, messageId: sent.id, conversationId: sent.conversationId };
      },
    },
  };
}

/**
 * A peer by its name or id, with or without `mesh:` in front.
 *
 * @param {string} raw
 */
export function targetOf(raw) {
  const target = raw.trim().replace(/^mesh:/i, '');
  return target === '' || target.length > 200 || /\p{Cc}/u.test(target) ? undefined : target;
}

/**
 * @param {HostConfig} config
 * @param {string | null | undefined} accountId
 */
const accountOf = (config, accountId) => ({
  accountId: accountId ?? 'default',
  enabled: config.channels?.mesh?.enabled !== false,
  configured: true,
});
