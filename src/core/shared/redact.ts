const HIDDEN = '***';

const SECRET_NAME = /pass|pwd|secret|token|key|auth|cred|sign/i;

/** A host with or without a port. */
const HOST = /^(?:[^:[\]]*|\[[\da-f:.]*\])(?::\d*)?$/i;

/**
 * A URL, or what was meant as one, as it may stand in a message: without user and password, and without the values
 * of query parameters whose names look secret. Malformed input loses too much rather than too little: everything
 * between the scheme and the last `@` goes.
 */
export function redactUrl(text: string): string {
  return redactQuery(redactUserInfo(text));
}

function redactUserInfo(text: string): string {
  const at = text.lastIndexOf('@');
  const scheme = /^[^:@/?#]*:\/\//.exec(text)?.[0] ?? '';
  if (at === -1) {
    const slashes = text.indexOf('//');
    return slashes === -1 || namesHosts(text.slice(slashes + 2)) ? text : `${scheme}${HIDDEN}`;
  }
  const query = text.indexOf('?');
  // An `@` behind a `?` ends a password or is in the value of a parameter: what follows it may be secret.
  return query !== -1 && query < at ? `${scheme}${HIDDEN}` : `${scheme}${HIDDEN}${text.slice(at)}`;
}

/** Whether nothing stands where a port should be that may be a password. */
function namesHosts(rest: string): boolean {
  const [hosts = ''] = rest.split(/[/?#]/);
  return hosts.split(',').every((host) => HOST.test(host));
}

function redactQuery(text: string): string {
  const start = text.indexOf('?');
  if (start === -1) return text;
  let hiding = false;
  const kept: string[] = [];
  for (const part of text.slice(start + 1).split(/[&;?]/)) {
    const equals = part.indexOf('=');
    // A part without `=` may be the rest of a secret that holds the separator.
    if (equals === -1) {
      if (!hiding) kept.push(part);
      continue;
    }
    const name = part.slice(0, equals);
    hiding = SECRET_NAME.test(decoded(name));
    kept.push(hiding ? `${name}=${HIDDEN}` : part);
  }
  return `${text.slice(0, start)}?${kept.join('&')}`;
}

function decoded(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
