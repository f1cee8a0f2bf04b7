import type { Severity } from './finding.ts';
import type { Meaning } from './stems.ts';

/** Stems of these meanings near each other. In languages with blanks they stand in this order. */
export interface PhraseRule {
  readonly rule: string;
  readonly severity: Severity;
  readonly needs: readonly Meaning[];
  /** From the beginning of the first to the beginning of the last, in characters; a third of it in scripts without blanks. */
  readonly within: number;
  readonly anyOrder?: boolean;
  /** Only for scripts without blanks. */
  readonly isDense?: boolean;
  readonly says: string;
}

const ignores = 'asks to ignore instructions that were given before';
const reveals = 'asks to reveal the system prompt or instructions';
const secrets = 'asks for keys, passwords, memory or files';
const role = 'asks to become an agent without rules';
const authority = 'claims to speak for the owner, an administrator or a maker of models';
const exfiltration = 'asks to send private data to an address';
const shell = 'asks to run a command of a shell';
const grant = 'asks to approve a contact or to raise its rights';
const conceal = 'asks to keep something from the owner';
const spread = 'asks to pass itself on to others';
const disable = 'asks to switch protections off';
const memory = 'asks to write something into lasting memory';

export const phraseRules: readonly PhraseRule[] = [
  {
    rule: 'ignore-instructions',
    severity: 'high',
    needs: ['ignore', 'before', 'orders'],
    within: 64,
    anyOrder: true,
    says: ignores,
  },
  { rule: 'reveal-prompt', severity: 'high', needs: ['reveal', 'hiddenPrompt'], within: 64, says: reveals },
  {
    rule: 'reveal-secrets',
    severity: 'medium',
    needs: ['reveal', 'mine', 'secrets'],
    within: 72,
    anyOrder: true,
    says: secrets,
  },
  { rule: 'lawless-role', severity: 'high', needs: ['newRole', 'lawless'], within: 90, says: role },
  { rule: 'lawless-role', severity: 'medium', needs: ['lawless', 'newRole'], within: 60, says: role },
  {
    rule: 'claims-authority',
    severity: 'medium',
    needs: ['claim', 'authority', 'demand'],
    within: 170,
    says: authority,
  },
  {
    rule: 'exfiltration',
    severity: 'high',
    needs: ['carry', 'privateData', 'address'],
    within: 170,
    says: exfiltration,
  },
  { rule: 'shell-command', severity: 'medium', needs: ['run', 'shell'], within: 70, says: shell },
  { rule: 'grant-rights', severity: 'medium', needs: ['grantVerb', 'relation'], within: 60, says: grant },
  { rule: 'conceal', severity: 'high', needs: ['conceal', 'telling', 'human'], within: 44, says: conceal },
  {
    rule: 'self-spreading',
    severity: 'high',
    needs: ['spread', 'thisText', 'everyone'],
    within: 110,
    anyOrder: true,
    says: spread,
  },
  {
    rule: 'disable-protection',
    severity: 'medium',
    needs: ['disable', 'mine', 'protection'],
    within: 50,
    says: disable,
  },
  {
    rule: 'disable-protection',
    severity: 'medium',
    needs: ['disable', 'protection'],
    within: 40,
    isDense: true,
    says: disable,
  },
  {
    rule: 'addressed-to-model',
    severity: 'medium',
    needs: ['toModel', 'mustDo'],
    within: 90,
    says: 'speaks to the model that reads it',
  },
  {
    rule: 'decode-and-follow',
    severity: 'high',
    needs: ['decode', 'follow'],
    within: 90,
    says: 'asks to decode something and to obey it',
  },
  { rule: 'memory-write', severity: 'medium', needs: ['remember', 'lasting'], within: 70, says: memory },
  {
    rule: 'tool-order',
    severity: 'medium',
    needs: ['run', 'tools'],
    within: 40,
    says: 'asks to use a tool of the agent',
  },
];

/** Exact signs, looked for in the folded text. */
export interface MarkRule {
  readonly rule: string;
  readonly severity: Severity;
  readonly marks: readonly string[];
  readonly says: string;
}

const turn = 'looks like a turn of the system, of a tool or of another speaker';

export const markRules: readonly MarkRule[] = [
  {
    rule: 'chat-template',
    severity: 'high',
    marks: [
      '<|im_start|>',
      '<|im_end|>',
      '<|system|>',
      '<|user|>',
      '<|assistant|>',
      '<|developer|>',
      '<|endoftext|>',
      '<|eot_id|>',
      '<|start_header_id|>',
      '<|begin_of_text|>',
      '<|channel|>',
      '<|message|>',
      '<|end|>',
      '<|tool',
      '<start_of_turn>',
      '<end_of_turn>',
      '[inst]',
      '[/inst]',
      '<<sys>>',
      '<</sys>>',
      '<bos>',
      '<eos>',
      '<｜user｜>',
      '<｜assistant｜>',
      '<|user>',
      '<|system>',
      '<|fim_',
    ],
    says: 'has signs of the template of a model',
  },
  {
    rule: 'fake-turn',
    severity: 'medium',
    marks: [
      '### system',
      '###system',
      '### instruction',
      '### new instruction',
      '## system prompt',
      '[system]',
      '[system message',
      '[system note',
      '[system override',
      '[system:',
      '[developer',
      '[admin]',
      '[administrator',
      '<system>',
      '</system>',
      '<system-',
      '<system_',
      '<developer>',
      '<admin>',
      '</user',
      '<assistant>',
      '</assistant>',
      '<tool_result',
      '</tool_result',
      '<function_',
      '<tool_call',
      '</untrusted',
      '</message>',
      '[tool result',
      '[tool output',
      '[assistant]',
      '[agent mesh',
      'begin system',
      '*** system',
      '===system',
      '=== system',
      '--- system',
      '---system',
      '-----end of',
      '--- end of',
      '=== end of',
      'end of untrusted',
      'end of user message',
      'end of message]',
      'end untrusted',
      '[end of',
      '{{#system',
      '【系统】',
      '【系統】',
      '【システム】',
      '系统消息：',
      '系统消息:',
      '系统：',
      'システムメッセージ',
    ],
    says: turn,
  },
  {
    rule: 'fake-turn-json',
    severity: 'low',
    marks: [
      '"role":"system"',
      '"role": "system"',
      "'role': 'system'",
      '"role":"developer"',
      '"role": "developer"',
      '"role": "tool"',
      '"role":"tool"',
    ],
    says: turn,
  },
  {
    rule: 'hidden-markup',
    severity: 'low',
    marks: [
      'display:none',
      'display: none',
      'visibility:hidden',
      'visibility: hidden',
      'font-size:0',
      'font-size: 0',
      'opacity:0',
      'opacity: 0',
      'color:white',
      'color: white',
      'color:#fff',
      'color: #fff',
      '<!--',
      '[//]: #',
    ],
    says: 'has text that is not shown',
  },
];

/** Who a line of a forged conversation is said to be by. */
export const speakers: readonly string[] = [
  'system',
  'developer',
  'assistant',
  'human',
  'user',
  'system prompt',
  'system message',
  'tool',
  'admin',
  'owner',
  'sistema',
  'systeme',
  'система',
  '系统',
  'システム',
  '시스템',
];
