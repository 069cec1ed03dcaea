// openid-client: signs somebody in by code with PKCE, plainly or by a pushed request (PUSHED).
import { createServer } from "node:http";
import * as client from "openid-client";

const config = await client.discovery(
  new URL(process.env.ISSUER),
  "web",
  undefined,
  client.ClientSecretBasic(process.env.CLIENT_SECRET),
  { execute: [client.allowInsecureRequests] },
);
client.enableNonRepudiationChecks(config);

const verifier = client.randomPKCECodeVerifier();
const [state, nonce] = [client.randomState(), client.randomNonce()];
const home = `http://127.0.0.1:${process.env.PORT}`;
const parameters = {
  redirect_uri: `${home}/cb`,
  scope: "openid",
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
  nonce,
};
const back = new Promise((resolve) => {
  const server = createServer((request, response) => {
    response.end("signed in");
    resolve(new URL(request.url, home)), server.close();
  }).listen(Number(process.env.PORT), "127.0.0.1");
});
const build = process.env.PUSHED ? client.buildAuthorizationUrlWithPAR : client.buildAuthorizationUrl;
console.log((await build(config, parameters)).href);
const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
const tokens = await client.authorizationCodeGrant(config, await back, checks);
const { sub } = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
console.log(JSON.stringify({ sub, amr: tokens.claims().amr }));
