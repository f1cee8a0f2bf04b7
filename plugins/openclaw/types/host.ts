/** What this plugin uses of the OpenClaw plugin API (2026.9), and nothing else of it. */

export interface HostLogger {
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
  debug?(text: string): void;
}

export interface HostConfig {
  readonly channels?: { readonly mesh?: { readonly enabled?: boolean } };
  readonly agents?: {
    readonly list?: readonly { readonly id: string; readonly default?: boolean }[];
    readonly entries?: Readonly<Record<string, { readonly default?: boolean }>>;
  };
}

export interface ToolContext {
  readonly agentId?: string;
  readonly sessionKey?: string;
  readonly sessionId?: string;
}

export interface ToolResult {
  readonly content: readonly { readonly type: 'text'; readonly text: string }[];
  readonly details?: unknown;
}

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface HostTool {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly parameters: JsonSchema;
  execute(callId: string, params: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<ToolResult>;
}

export interface HostService {
  readonly id: string;
  start(context: ServiceContext): Promise<void>;
  stop(): Promise<void>;
}

export interface ServiceContext {
  readonly config: HostConfig;
  readonly logger: HostLogger;
  readonly serviceHealth?: { reportFailure(error: unknown): void; clearFailure(): void };
}

export interface RunState {
  readonly status: 'ok' | 'error' | 'timeout' | 'pending';
  readonly error?: string;
  readonly terminalReply?: { readonly text?: string };
}

/** One row of a session, as the gateway keeps it. */
export type SessionRow = Readonly<Record<string, unknown>>;

export interface Subagent {
  run(params: {
    readonly sessionKey: string;
    readonly message: string;
    readonly idempotencyKey: string;
    /** To the chat that the session belongs to, if there is one. */
    readonly deliver: boolean;
    readonly extraSystemPrompt: string;
  }): Promise<{ readonly runId: string; readonly sessionKey?: string }>;
  waitForRun(params: { readonly runId: string; readonly timeoutMs: number }): Promise<RunState>;
  getSessionMessages(params: {
    readonly sessionKey: string;
    readonly limit?: number;
  }): Promise<{ readonly messages: readonly SessionRow[] }>;
}

/** What this plugin uses of a command of commander. */
export interface Program {
  command(name: string): Program;
  description(text: string): Program;
  option(flags: string, description: string): Program;
  action(run: (...given: readonly unknown[]) => Promise<void>): Program;
}

export interface SlashCommand {
  readonly name: string;
  readonly description: string;
  readonly acceptsArgs: true;
  readonly requireAuth: true;
  handler(context: {
    readonly args?: string;
    readonly agentId?: string;
    readonly senderIsOwner?: boolean;
    readonly assertOwnerCurrent?: () => void;
  }): Promise<{ readonly text: string }>;
}

interface Account {
  readonly accountId: string;
  readonly enabled: boolean;
  readonly configured: boolean;
}

type ChannelStatus = Readonly<Record<string, unknown>>;

export interface Channel {
  readonly id: string;
  readonly meta: Readonly<Record<string, string | number>>;
  readonly capabilities: { readonly chatTypes: readonly 'direct'[] };
  readonly reload: { readonly configPrefixes: readonly string[] };
  readonly config: {
    listAccountIds(config: HostConfig): readonly string[];
    defaultAccountId(config: HostConfig): string;
    resolveAccount(config: HostConfig, accountId?: string | null): Account;
    isConfigured(account: Account): boolean;
    isEnabled(account: Account): boolean;
  };
  readonly messaging: {
    normalizeTarget(raw: string): string | undefined;
    inferTargetChatType(): 'direct';
    readonly targetResolver: { looksLikeId(raw: string): boolean; readonly hint: string };
  };
  readonly gateway: {
    startAccount(context: {
      readonly abortSignal: AbortSignal;
      getStatus(): ChannelStatus;
      setStatus(status: ChannelStatus): void;
    }): Promise<void>;
  };
  readonly outbound: {
    readonly deliveryMode: 'direct';
    readonly textChunkLimit: number;
    sendText(context: {
      readonly to: string;
      readonly text: string;
      readonly accountId?: string | null;
      readonly deliveryQueueId?: string;
      readonly deliveryPartIndex?: number;
      readonly signal?: AbortSignal;
      readonly assertDirectAdapterHandoff?: () => void;
    }): Promise<{ readonly channel: string; readonly messageId: string; readonly conversationId: string }>;
  };
}

interface CliRegistration {
  readonly descriptors: readonly {
    readonly name: string;
    readonly description: string;
    readonly hasSubcommands: boolean;
  }[];
}

export interface ToolDecision {
  readonly block: true;
  readonly blockReason: string;
}

/** Asked before each call of a tool; what it throws, and that it takes too long, refuses the call. */
export type ToolHook = (
  event: { readonly toolName: string },
  context: { readonly sessionKey?: string; readonly runId?: string },
) => Promise<ToolDecision | undefined>;

export interface HostApi {
  readonly registrationMode: string;
  readonly pluginConfig?: unknown;
  readonly config?: HostConfig;
  readonly logger: HostLogger;
  readonly runtime: { readonly subagent: Subagent };
  on(hook: 'before_tool_call', handler: ToolHook): void;
  registerService(service: HostService): void;
  registerChannel(registration: { readonly plugin: Channel }): void;
  registerCommand(command: SlashCommand): void;
  registerCli(register: (context: { readonly program: Program }) => void, registration: CliRegistration): void;
  registerTool(make: (context: ToolContext) => HostTool | null, options: { readonly name: string }): void;
}
