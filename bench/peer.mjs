// oidc-provider (npm) as a CIBA provider in memory: no disk, no delivery, approval by a call.
//
//   node peer.mjs CLIENTS PERSONS        says "ready PORT" on standard output, and its memory on each "memory" line
//
// POST /bench/approve with auth_req_id=... approves: what its users do in their own authentication device's code.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

import { Provider, errors } from 'oidc-provider';

const CIBA = 'urn:openid:params:grant-type:ciba';
const [clients, persons] = process.argv.slice(2).map(Number);

// The adapter that comes with it forgets all but its last 1,000 entries.
const rows = new Map();
class Memory {
  constructor(model) { this.model = model; }
  key(id) { return `${this.model}:${id}`; }
  async upsert(id, payload) { rows.set(this.key(id), payload); }
  async find(id) { return rows.get(this.key(id)); }
  async consume(id) { rows.get(this.key(id)).consumed = Math.floor(Date.now() / 1000); }
  async destroy(id) { rows.delete(this.key(id)); }
  async revokeByGrantId() {}
  async findByUid() {}
  async findByUserCode() {}
}

const names = new Set(Array.from({ length: persons }, (_, number) => `person${number}@example.org`));
const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });

const settings = {
  adapter: Memory,
  jwks: { keys: [{ ...privateKey, alg: 'RS256', use: 'sig' }] },
  clients: Array.from({ length: clients }, (_, number) => ({
    client_id: `client${number}`,
    client_secret: `secret-of-client-${number}-${'s'.repeat(24)}`,
    grant_types: [CIBA],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
    backchannel_token_delivery_mode: 'poll',
  })).concat(process.env.BENCH_CLIENT_JWKS ? [{
    client_id: 'signer',
    grant_types: [CIBA],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    jwks: JSON.parse(process.env.BENCH_CLIENT_JWKS),
    backchannel_token_delivery_mode: 'poll',
  }] : []),
  scopes: ['openid', 'profile', 'email'],
  routes: { backchannel_authentication: '/oauth2/bc-authorize', token: '/oauth2/token' },
  findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  ttl: { BackchannelAuthenticationRequest: 36000, Grant: 36000, AccessToken: 600, IdToken: 600 },
  features: {
    devInteractions: { enabled: false },
    ciba: {
      enabled: true,
      deliveryModes: ['poll'],
      processLoginHint: (_ctx, hint) => (names.has(hint) ? hint : undefined),
      validateBindingMessage: (_ctx, message) => {
        if (message && !/^[\w .:,-]{1,256}$/.test(message)) throw new errors.InvalidBindingMessage();
      },
      validateRequestContext: () => {},
      verifyUserCode: () => {},
      triggerAuthenticationDevice: () => {},
    },
  },
};

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const provider = new Provider(`http://127.0.0.1:${port}`, settings);
  provider.on('server_error', (_ctx, error) => console.error(error));
  const callback = provider.callback();
  server.on('request', (request, response) => {
    if (request.url === '/bench/approve') approve(provider, request, response);
    else callback(request, response);
  });
  console.log(`ready ${port}`);
});

async function approve(provider, request, response) {
  let body = '';
  for await (const chunk of request) body += chunk;
  const asked = await provider.BackchannelAuthenticationRequest.find(new URLSearchParams(body).get('auth_req_id'));
  const grant = new provider.Grant({ accountId: asked.accountId, clientId: asked.clientId });
  grant.addOIDCScope(asked.scope);
  await grant.save();
  await provider.backchannelResult(asked, grant, { acr: '0', amr: ['pwd'], authTime: Math.floor(Date.now() / 1000) });
  response.setHeader('content-type', 'application/json').end('{"accepted":true}');
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line !== 'memory') return;
    globalThis.gc?.();
    console.log(`memory ${process.memoryUsage().rss}`);
  })
  .on('close', () => process.exit(0));
