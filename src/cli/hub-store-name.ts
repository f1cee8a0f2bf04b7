/** `sqlite`, or NATS servers separated by commas. */
export const isHubStore = (text: string): boolean => text === 'sqlite' || /^(nats|tls):\/\/\S+$/.test(text);
