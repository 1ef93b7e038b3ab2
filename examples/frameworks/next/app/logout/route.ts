import { route } from "../../session";

export const POST = route((_request, session) => {
  session.logout();
  return new Response(null, { status: 303, headers: { location: "/" } });
});
