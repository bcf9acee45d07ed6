/** Members of `_meta` that 2026-07-28 keeps for itself. The SDK has them too; whoever reads them here loads none of it. */

export const PROTOCOL_VERSION_META_KEY = 'io.modelcontextprotocol/protocolVersion';
export const CLIENT_CAPABILITIES_META_KEY = 'io.modelcontextprotocol/clientCapabilities';
/** Of notifications: by which `subscriptions/listen` they are sent. */
export const SUBSCRIPTION_ID_META_KEY = 'io.modelcontextprotocol/subscriptionId';
