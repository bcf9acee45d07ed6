/** A browser as small as a login needs it: it keeps cookies and follows redirects, up to the one that leads back to the client. */

const MOST_HOPS = 20;

/**
 * The parameters with which the browser comes back to `redirectUri`.
 * @param fields what is entered into the first form of a page that is no redirect; absent: such a page is an error
 */
export async function logIn(
  start: URL,
  redirectUri: string,
  fields?: Record<string, string>,
): Promise<URLSearchParams> {
  const cookies = new Map<string, string>();
  let at = start;
  let body: URLSearchParams | null = null;
  for (let hop = 0; hop < MOST_HOPS; hop += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const entered: RequestInit = body === null ? {} : { method: 'POST', body };
    const response = await fetch(at, { redirect: 'manual', headers: { cookie }, ...entered });
    body = null;
    for (const text of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (location === null) {
      const page = await response.text();
      const [, action = null] = /<form[^>]*\saction="([^"]+)"/.exec(page) ?? [];
      if (fields === undefined || action === null)
        throw new Error(`${at.pathname} answers ${response.status}: ${page}`);
      at = new URL(action.replaceAll('&amp;', '&'), at);
      body = new URLSearchParams(fields);
      continue;
    }
    await response.body?.cancel();
    at = new URL(location, at);
    if (at.href.startsWith(redirectUri)) return at.searchParams;
  }
  throw new Error('the login does not end');
}
