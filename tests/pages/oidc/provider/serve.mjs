// A certified OpenID provider (oidc-provider) with a sign-in page of its own. What it issues can be spoilt on purpose:
// POST /spoil with {"how": ...} says how the next ID tokens differ, POST /keys signs with a fresh key from now on.
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { createHmac } from 'node:crypto';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.env.NODE_PATH}/`);
const load = async (name) => import(pathToFileURL(require.resolve(name)));
const { Provider } = await load('oidc-provider');
const jose = await load('jose');

const asked = JSON.parse(process.env.SIGN_IN_SERVICE);
const issuer = `http://localhost:${asked.port}`;
let how = '';
const letters = [];

async function freshKey(kid) {
  const { privateKey } = await jose.generateKeyPair('RS256', { extractable: true });
  return { ...(await jose.exportJWK(privateKey)), kid, use: 'sig', alg: 'RS256' };
}

const stranger = await freshKey('stranger');

const b64 = (text) => Buffer.from(text).toString('base64url');

async function signed(claims, jwk, kid) {
  const key = await jose.importJWK(jwk, 'RS256');
  return new jose.SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid }).sign(key);
}

const now = () => Math.floor(Date.now() / 1000);
const CLAIMS = {
  expired: (c) => ({ ...c, iat: now() - 7200, exp: now() - 3600 }),
  'from the future': (c) => ({ ...c, iat: now() + 3600, exp: now() + 7200 }),
  'for another program': (c) => ({ ...c, aud: 'another' }),
  'for another program, asked for by us': (c) => ({ ...c, aud: ['another'], azp: c.aud }),
  'for us and another': (c) => ({ ...c, aud: [c.aud, 'another'], azp: 'another' }),
  'for us and another, nobody named': (c) => ({ ...c, aud: [c.aud, 'another'], azp: undefined }),
  'by another service': (c) => ({ ...c, iss: 'https://elsewhere.example' }),
  'for another sign-in': (c) => ({ ...c, nonce: 'another' }),
  'without a nonce': (c) => ({ ...c, nonce: undefined }),
  'without an end': (c) => ({ ...c, exp: undefined }),
  'an end that is no time': (c) => ({ ...c, exp: 'tomorrow' }),
  'of another code': (c) => ({ ...c, at_hash: b64('another hash....') }),
  'without a person': (c) => ({ ...c, sub: undefined }),
  'a name with a line break': (c) => ({ ...c, sub: 'a\nb' }),
  'soon over': (c) => ({ ...c, exp: now() + 90 }),
  'without a role': (c) => ({ ...c, roles: undefined }),
  'a role that is a number': (c) => ({ ...c, roles: 7 }),
};

async function spoilt(token, current) {
  const claims = jose.decodeJwt(token);
  const header = { typ: 'JWT', kid: current.kid };
  const unsigned = (alg) => `${b64(JSON.stringify({ ...header, alg }))}.${b64(JSON.stringify(claims))}`;
  if (how in CLAIMS) return signed(CLAIMS[how](claims), current, current.kid);
  if (how === 'signed by a stranger') return signed(claims, stranger, current.kid);
  if (how === 'signed by an unknown key') return signed(claims, stranger, 'unknown');
  if (how === 'unsigned') return `${unsigned('none')}.`;
  if (how === 'signed by our secret') {
    const text = unsigned('HS256');
    return `${text}.${createHmac('sha256', asked.secret).update(text).digest('base64url')}`;
  }
  if (how === 'signed by the public key') {
    const text = unsigned('HS256');
    const { n, e, kty } = current;
    const pem = await jose.exportSPKI(await jose.importJWK({ n, e, kty }, 'RS256'));
    return `${text}.${createHmac('sha256', pem).update(text).digest('base64url')}`;
  }
  if (how === 'changed on its way') {
    const [head, , signature] = token.split('.');
    return `${head}.${b64(JSON.stringify({ ...claims, roles: ['workorders:estates-desk:division:division'] }))}.${signature}`;
  }
  if (how === 'no token at all') return 'nothing';
  return token;
}

function page(title, inside) {
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<link rel="icon" href="data:,"></head><body><main><h1>${title}</h1>${inside}</main></body></html>`;
}

function body(request) {
  return new Promise((resolve) => {
    let text = '';
    request.on('data', (part) => { text += part; });
    request.on('end', () => resolve(text));
  });
}

let provider;
let served;

async function begin(kid) {
  const key = await freshKey(kid);
  provider = new Provider(issuer, {
    clients: [{
      client_id: asked.client, client_secret: asked.secret, redirect_uris: [`${asked.desk}/sign-in/back`],
      post_logout_redirect_uris: [`${asked.desk}/signed-out`], response_types: ['code'], grant_types: ['authorization_code'],
      token_endpoint_auth_method: asked.auth, backchannel_logout_uri: `${asked.desk}/sign-in/ended`,
      backchannel_logout_session_required: true,
    }],
    jwks: { keys: [key] },
    cookies: { keys: ['of a test'] },
    conformIdTokenClaims: false,
    claims: { openid: ['sub', 'roles'] },
    pkce: { required: () => true },
    ttl: { IdToken: 3600, AccessToken: 3600, AuthorizationCode: 60, Session: 3600, Interaction: 600, Grant: 3600 },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = page('Sign out', `${form}<button name="logout" value="yes" form="op.logoutForm">Sign out</button>`);
        },
      },
    },
    // What it posts to the desk when somebody signs out is kept, for a test to hand on.
    fetch: async (url, options) => {
      letters.push(String(options.body));
      return new Response(null, { status: 200 });
    },
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, roles: asked.people[id] }) }),
    renderError: (ctx, out) => { ctx.body = page('Error', `<p>${out.error}: ${out.error_description}</p>`); },
  });
  provider.on('server_error', (ctx, error) => { console.error(error); });
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.path === '/token' && how && ctx.body?.id_token) {
      ctx.body.id_token = await spoilt(ctx.body.id_token, key);
    }
    if (how === 'endpoints elsewhere' && ctx.path.startsWith('/.well-known')) {
      ctx.body = { ...ctx.body, token_endpoint: 'http://127.0.0.1:1/token' };
    }
    if (how === 'another issuer' && ctx.path.startsWith('/.well-known')) {
      ctx.body = { ...ctx.body, issuer: 'https://elsewhere.example' };
    }
  });
  served = provider.callback();
}

async function granted(request, response) {
  const details = await provider.interactionDetails(request, response);
  const { params, session } = details;
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
}

async function interact(request, response) {
  const { prompt, uid } = await provider.interactionDetails(request, response);
  if (prompt.name === 'consent') return granted(request, response);
  if (request.method === 'GET') {
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    return response.end(page('The sign-in service', `<form method="post" action="/interaction/${uid}">
<p><label for="name">Name</label> <input id="name" name="name"></p>
<p><button name="do" value="in">Sign in</button> <button name="do" value="no">Cancel</button></p></form>`));
  }
  const form = new URLSearchParams(await body(request));
  const result = form.get('do') === 'no'
    ? { error: 'access_denied', error_description: 'The person declined' }
    : { login: { accountId: form.get('name') } };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

await begin('first');
createServer(async (request, response) => {
  try {
    if (request.url === '/spoil') {
      ({ how } = JSON.parse(await body(request)));
      return response.end();
    }
    if (request.url === '/keys') {
      await begin(`key-${Date.now()}`);
      return response.end();
    }
    if (request.url === '/letters') return response.end(JSON.stringify(letters));
    if (how === 'silent') return undefined;
    if (how === 'too much' && request.url.startsWith('/.well-known')) return response.end(`{"a": "${'x'.repeat(2_000_000)}"}`);
    if (request.url.startsWith('/interaction/')) return await interact(request, response);
    return served(request, response);
  } catch (error) {
    console.error(error);
    response.statusCode = 500;
    return response.end(String(error));
  }
}).listen(asked.port, '127.0.0.1');
