const agentsTemplate = `# What happens with messages that come in, for each agent:
# [agents.NAME]
# runtime = "inbox"         # stay until read with: mesh inbox
#
# runtime = "command"       # a program: message JSON on stdin, answer on stdout
# command = ["python3", "handler.py"]
# timeoutSeconds = 60
# concurrency = 1           # 1 keeps the order
# types = ["request", "notification", "alert"]
# waitForFiles = true       # false: do not wait for the files of a message
# rootTurns = 64            # turns of programs that may follow from one message
# rootHops = 8              # how long a chain of messages may be
#
# runtime = "webhook"       # a POST signed with HMAC-SHA256, the answer in the response
# url = "http://127.0.0.1:3000/mesh"
# secretFile = "webhook-secret"
#
# runtime = "openclaw"      # a turn of an agent of an OpenClaw gateway: mesh openclaw setup
# url = "ws://127.0.0.1:18789"
# tokenFile = "openclaw-token"
# gatewayAgent = "main"
`;

/** What `mesh init` writes: every setting, commented out unless it was given, so that the file explains itself. */
export function configTemplate({
  endpoints,
  port,
}: {
  readonly endpoints: readonly string[];
  readonly port?: number | undefined;
}): string {
  const portLine = port === undefined ? '# port = 8787               # for other nodes' : `port = ${port}`;
  const endpointsLine =
    endpoints.length === 0
      ? '# endpoints = ["http://my-host.example:8787"]   # how others reach this node'
      : `endpoints = ${JSON.stringify(endpoints)}`;
  return `# Settings of this node. Uncomment what you want to change, then restart the node (mesh down, mesh up --detach).

[node]
# host = "0.0.0.0"          # 127.0.0.1 keeps it on this machine
${portLine}
# apiPort = 8788            # for the mesh command on this machine
${endpointsLine}
# passphraseFile = "/run/secrets/mesh"          # when the keys are encrypted
# logLevel = "info"         # debug | info | warn | error
# relay = true              # keep messages for those whom your agents trust, while they are away

[files]
# maxMbPerPeer = 4096       # kept for, and as much from, one contact
# maxMb = 16384             # of all contacts together
# keepFreeMb = 256          # of the disk, which files leave to everything else

[lan]
# enabled = true            # others on the local network find this node with: mesh scan --lan
# interface = "192.168.1.20"   # address of this machine in the network that is meant

[rates]
# trustedTurnsPerHour = 600        # turns that one trusted contact may start
# conversationTurnsPerHour = 120   # turns of one conversation
# programRootsPerHour = 600        # messages to one contact that programs begin with

[guard]
# by tier: off | label | review (waits for: mesh review) | block
# inbound = { owner = "label", trusted = "label", bounded = "review", notify = "label" }      # injections in what comes in
# outbound = { owner = "label", trusted = "review", bounded = "review", notify = "block" }   # secrets in what leaves

${agentsTemplate}`;
}
