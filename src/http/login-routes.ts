/** The routes of logins. What answers them is loaded by the first that needs it. */
import { TidegateError } from '../base/errors.ts';
import type { HttpApp } from './app-options.ts';
import { edgeOf } from './edge.ts';
import type { LoginRoutes } from './login.ts';
import { methodResponse, problemResponse } from './problem.ts';

/** @param load answers null where there are no logins */
export function addLoginRoutes(http: HttpApp, load: () => Promise<LoginRoutes | null>): void {
  http.post('/login', async (context) => {
    const routes = await load();
    return routes ? routes.logIn(context.req.raw, edgeOf(context)) : problemResponse(noLogins());
  });
  http.get('/login', async (context) => (await load())?.show(context.req.raw) ?? problemResponse(noLogins()));
  http.all('/login', (context) => methodResponse(context.req.path, 'GET, POST'));
  http.post('/logout', async (context) => (await load())?.logOut(context.req.raw) ?? problemResponse(noLogins()));
  http.all('/logout', (context) => methodResponse(context.req.path, 'POST'));
}

function noLogins(): TidegateError {
  const hint = 'logins need AUTH, and TIDEGATE_SECRET to seal their cookies';
  return new TidegateError('not_found', 'There are no logins here', { hint });
}
