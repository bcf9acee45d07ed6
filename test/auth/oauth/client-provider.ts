/** What the SDK's client keeps of an authorization: in memory, with a login by `user-agent.ts`. It fits both versions of the SDK. */
import { logIn } from './user-agent.ts';

export const REDIRECT_URI = 'http://127.0.0.1:9/callback';

export interface Tokens {
  access_token: string;
  token_type: string;
  refresh_token?: string;
  scope?: string;
  expires_in?: number;
}

export interface ClientProvider {
  redirectUrl: string;
  clientMetadataUrl?: string;
  clientMetadata: {
    client_name: string;
    redirect_uris: string[];
    grant_types: string[];
    response_types: string[];
    token_endpoint_auth_method: string;
    application_type: string;
  };
  /** With what the browser came back last. */
  callback: URLSearchParams;
  /** The scopes of each authorization that was asked for. */
  asked: string[];
  client: { client_id: string } | undefined;
  kept: Tokens | undefined;
  state(): string;
  clientInformation(): { client_id: string } | undefined;
  saveClientInformation(client: { client_id: string }): void;
  tokens(): Tokens | undefined;
  saveTokens(tokens: Tokens): void;
  redirectToAuthorization(url: URL): Promise<void>;
  saveDiscoveryState(state: object): void;
  discoveryState(): never;
  saveCodeVerifier(verifier: string): void;
  codeVerifier(): string;
}

/**
 * @param clientMetadataUrl the client is known by its document there; absent: it registers itself
 * @param fields what a person enters at the login
 */
export function createClientProvider(clientMetadataUrl?: string, fields?: Record<string, string>): ClientProvider {
  let verifier = '';
  let discovered: object | undefined;
  const provider: ClientProvider = {
    redirectUrl: REDIRECT_URI,
    ...(clientMetadataUrl === undefined ? {} : { clientMetadataUrl }),
    clientMetadata: {
      client_name: 'A client of the tests',
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    },
    callback: new URLSearchParams(),
    asked: [],
    client: undefined,
    kept: undefined,
    state: () => 'a-state-of-the-tests',
    clientInformation: () => provider.client,
    saveClientInformation: (client) => void (provider.client = client),
    tokens: () => provider.kept,
    saveTokens: (tokens) => void (provider.kept = tokens),
    async redirectToAuthorization(url) {
      provider.asked.push(url.searchParams.get('scope') ?? '');
      provider.callback = await logIn(url, REDIRECT_URI, fields);
    },
    saveDiscoveryState: (state) => void (discovered = state),
    discoveryState: () => discovered as never,
    saveCodeVerifier: (given) => void (verifier = given),
    codeVerifier: () => verifier,
  };
  return provider;
}
