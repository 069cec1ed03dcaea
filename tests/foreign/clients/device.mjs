// openid-client: a device that shows a code and waits until somebody has typed it elsewhere.
import * as client from "openid-client";

const config = await client.discovery(
  new URL(process.env.ISSUER),
  "tv",
  undefined,
  client.ClientSecretBasic(process.env.CLIENT_SECRET),
  { execute: [client.allowInsecureRequests] },
);
client.enableNonRepudiationChecks(config);

const shown = await client.initiateDeviceAuthorization(config, { scope: "openid" });
console.log(JSON.stringify({ at: shown.verification_uri, code: shown.user_code }));
try {
  const tokens = await client.pollDeviceAuthorizationGrant(config, shown);
  const { sub } = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  console.log(JSON.stringify({ sub, amr: tokens.claims().amr }));
} catch (error) {
  console.log(JSON.stringify({ error: error.error ?? error.message }));
}
