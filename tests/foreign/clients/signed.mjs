// openid-client: a question in a signed object (by the library below it), and tokens that are renewed.
import { issueRequestObject } from "oauth4webapi";
import * as client from "openid-client";

const jwk = JSON.parse(process.env.KEY);
const algorithm = { name: "ECDSA", namedCurve: "P-256" };
const key = { key: await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["sign"]), kid: jwk.kid };

const config = await client.discovery(new URL(process.env.ISSUER), "signed", undefined, client.PrivateKeyJwt(key), {
  execute: [client.allowInsecureRequests],
});
client.enableNonRepudiationChecks(config);
const parameters = { scope: "openid offline_access", login_hint: "ann@example.org" };
const object = await issueRequestObject(config.serverMetadata(), { client_id: "signed" }, parameters, key);
const request = await client.initiateBackchannelAuthentication(config, { request: object });
const tokens = await client.pollBackchannelAuthenticationGrant(config, request);
const again = await client.refreshTokenGrant(config, tokens.refresh_token);
const { sub } = await client.fetchUserInfo(config, again.access_token, tokens.claims().sub);
console.log(JSON.stringify({ sub, amr: tokens.claims().amr, renewed: again.access_token !== tokens.access_token }));
