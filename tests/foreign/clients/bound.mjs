// openid-client: gets a token that is bound to a key, uses it with proofs (DPoP), and has a thief use it without.
import * as client from "openid-client";

const { ISSUER, CLIENT_SECRET, API } = process.env;
const config = await client.discovery(
  new URL(ISSUER),
  "bound",
  undefined,
  client.ClientSecretBasic(CLIENT_SECRET),
  { execute: [client.allowInsecureRequests] },
);
client.enableNonRepudiationChecks(config);

const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
const parameters = new URLSearchParams({ scope: "openid", login_hint: "ann@example.org" });
for (const resource of [ISSUER, "https://ledger.example"]) parameters.append("resource", resource);
const request = await client.initiateBackchannelAuthentication(config, parameters);
const tokens = await client.pollBackchannelAuthenticationGrant(config, request, undefined, { DPoP });
const { sub, amr } = tokens.claims();
await client.fetchUserInfo(config, tokens.access_token, sub, { DPoP });

const api = new URL(API);
const told = await client.fetchProtectedResource(config, tokens.access_token, api, "GET", undefined, undefined, { DPoP });
const thief = await fetch(api, { headers: { authorization: `Bearer ${tokens.access_token}` } });
console.log(JSON.stringify({ amr, type: tokens.token_type, api: told.status, thief: thief.status }));
